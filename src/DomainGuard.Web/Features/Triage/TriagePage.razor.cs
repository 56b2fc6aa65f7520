using System.Globalization;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data.Paging;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Scans;
using DomainGuard.Web.Shared;
using DomainGuard.Web.Shell;
using Microsoft.AspNetCore.Components;
using Microsoft.JSInterop;

namespace DomainGuard.Web.Features.Triage;

/// <summary>
/// The queue: groups by domain, worst first, decided with the keyboard. What is narrowed, selected and open stands in the URL; what colleagues do marks rows and moves none.
/// </summary>
public sealed partial class TriagePage
{
    private const int Size = 50;
    private const DomainFlags Shown = DomainFlags.ForSale | DomainFlags.Parked | DomainFlags.Sinkholed | DomainFlags.DanglingMx | DomainFlags.Notable | DomainFlags.Undelegated;
    private static readonly TimeSpan SnackTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FollowTime = TimeSpan.FromSeconds(10);
    private static readonly TriageView[] Tabs = [TriageView.Queue, TriageView.Mine, TriageView.Unassigned, TriageView.Drop7, TriageView.OneSource, TriageView.Snoozed];

    private readonly List<string> _unknown = [];
    private readonly Dictionary<long, CaseRow> _selected = [];
    private readonly HashSet<Guid> _hiddenBulks = [];
    private readonly Queue<string> _asked = new();
    private CaseFilter _filter = new();
    private bool _grouped = true;
    private string? _listKey;
    private KeysetPage<CaseGroup>? _page;
    private List<QueueGroup>? _groups;
    private (int Cases, int Domains)? _matching;
    private ViewCounts? _counts;
    private int _mine;
    private string? _summary;
    private string? _total;
    private ScanRow? _lastScan;
    private IReadOnlyDictionary<Guid, string> _staff = new Dictionary<Guid, string>();
    private IReadOnlyList<(Guid Id, string Name)> _analysts = [];
    private IReadOnlyList<BulkNote> _bulks = [];
    private IReadOnlyList<OwnView> _ownViews = [];
    private OwnView? _own;
    private bool _viewsOpen;
    private StaffMember? _by;
    private Guid _me;
    private bool _mayDecide;
    private Cursor? _cursor;
    private CaseView? _view;
    private string? _detailProblem;
    private CancellationTokenSource? _detail;
    private bool _scopeAll = true;
    private IReadOnlyList<DecisionPlace> _places = DecisionPlaces.For([]);
    private OpenForm? _form;
    private DecisionForm? _formBox;
    private bool _assignOpen;
    private bool _moreOpen;
    private bool _filtersOpen;
    private bool _allMatching;
    private CaseSet? _allSet;
    private (QueueGroup Group, CaseRow? Row)? _anchor;
    private int? _evidence;
    private Snack? _snack;
    private string? _said;
    private bool _copied;
    private int _newer;
    private DateTimeOffset _now;
    private string? _focus;
    private bool _follow;

    [Inject] private CaseQueries Queries { get; set; } = default!;

    [Inject] private CaseDetails Details { get; set; } = default!;

    [Inject] private BulkQueries Bulks { get; set; } = default!;

    [Inject] private ScanQueries Scans { get; set; } = default!;

    [Inject] private DecideCases Decide { get; set; } = default!;

    [Inject] private DecideBulk DecideMany { get; set; } = default!;

    [Inject] private FreezeCases Freeze { get; set; } = default!;

    [Inject] private UndoDecision Undo { get; set; } = default!;

    [Inject] private AssignCases AssignTo { get; set; } = default!;

    [Inject] private ChangeOwnViews ChangeViews { get; set; } = default!;

    [Inject] private CommentOnCase Remark { get; set; } = default!;

    [Inject] private CaseNotifier Notifier { get; set; } = default!;

    [Inject] private CurrentStaff Staff { get; set; } = default!;

    [Inject] private GuardClock Clock { get; set; } = default!;

    [Inject] private TimeProvider Time { get; set; } = default!;

    [Inject] private PageKeys Keys { get; set; } = default!;

    [Inject] private IJSRuntime Js { get; set; } = default!;

    [Inject] private NavigationManager Navigation { get; set; } = default!;

    [SupplyParameterFromQuery] private string? View { get; set; }

    [SupplyParameterFromQuery] private string? State { get; set; }

    [SupplyParameterFromQuery(Name = "severity")] private string? SeverityText { get; set; }

    [SupplyParameterFromQuery] private string? Drop { get; set; }

    [SupplyParameterFromQuery] private string? Phase { get; set; }

    [SupplyParameterFromQuery] private string? Hands { get; set; }

    [SupplyParameterFromQuery] private string? Confidence { get; set; }

    [SupplyParameterFromQuery] private string? Assignee { get; set; }

    [SupplyParameterFromQuery] private string? Source { get; set; }

    [SupplyParameterFromQuery] private string? Tld { get; set; }

    [SupplyParameterFromQuery] private string? Flag { get; set; }

    [SupplyParameterFromQuery] private string? Domain { get; set; }

    [SupplyParameterFromQuery] private string? Q { get; set; }

    [SupplyParameterFromQuery(Name = "group")] private string? GroupBy { get; set; }

    [SupplyParameterFromQuery] private string? Sort { get; set; }

    [SupplyParameterFromQuery] private string? Scope { get; set; }

    [SupplyParameterFromQuery(Name = "case")] private string? CaseText { get; set; }

    [SupplyParameterFromQuery] private string? After { get; set; }

    [SupplyParameterFromQuery] private string? Before { get; set; }

    private CaseRow CurrentRow => _cursor!.Row ?? _cursor.Group.Group.Head;

    private int SelectedCount => _allMatching ? _allSet?.Count ?? 0 : _selected.Count;

    private bool HasSelection => _selected.Count > 0 || _allMatching;

    private int TargetCount => _cursor is { } at && _scopeAll && at.Group.CanExpand ? at.Group.Group.Count : 1;

    private string? PositionText => _cursor is { Group: { CanExpand: true } group } && group.Cases is { } cases
        ? $"{cases.Select((c, i) => (c.Id, i)).FirstOrDefault(c => c.Id == CurrentRow.Id).i + 1} of {Words.Count(group.Group.Count)}" : null;

    private bool IsPageSelected => _groups is { Count: > 0 } && _groups.All(g => g.IsGone || IsSelected(g));

    private string MayNotText => _by is null ? "" : _by.May(Policies.Operate)
        ? "An administrator reads cases. An analyst decides them." : "Auditors can read, not decide. An analyst can decide this case.";

    private string ClearText => _filter.View != TriageView.Queue
        ? "No case is in this view now."
        : _lastScan is { EndedAt: { } ended } scan ? $"No open case. Scan #{scan.Id.ToString(CultureInfo.InvariantCulture)} ended {Words.Instant(ended)}." : "No open case. No scan has ended yet.";

    protected override void OnInitialized()
    {
        Keys.Pressed += OnKeyAsync;
        Notifier.Changed += OnChanged;
        _ = FollowAsync();
    }

    protected override async Task OnParametersSetAsync()
    {
        // An empty value is not the same as none: it overrides a view of one's own.
        string?[] said = [View, State, SeverityText, Drop, Phase, Hands, Confidence, Assignee, Source, Tld, Flag, Domain, Q, GroupBy, After, Before];
        var key = string.Join('\n', said.Select(v => v ?? "-"));
        if (key != _listKey)
        {
            _listKey = key;
            ClearSelection();
            _cursor = null;
            _form = null;
            _newer = 0;
            await ReloadAsync();
        }

        if (Problem is null)
        {
            await FollowUrlAsync();
        }
    }

    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_focus is { } id)
        {
            _focus = null;
            await Js.InvokeVoidAsync(_follow ? "domainGuard.follow" : "domainGuard.focus", id);
        }
    }

    protected override ValueTask DisposePageAsync()
    {
        Keys.Pressed -= OnKeyAsync;
        Notifier.Changed -= OnChanged;
        _detail?.Dispose();
        return ValueTask.CompletedTask;
    }

    // What the URL says; where it is silent, what the person's own view says. Its name stands where a view of everybody would.
    private string? Read(string name) => name == "view" ? _own is null ? View : _own.Kept.GetValueOrDefault(name) : Said(name) ?? _own?.Kept.GetValueOrDefault(name);

    private string? Said(string name) => name switch
    {
        "state" => State,
        "severity" => SeverityText,
        "drop" => Drop,
        "phase" => Phase,
        "hands" => Hands,
        "confidence" => Confidence,
        "assignee" => Assignee,
        "source" => Source,
        "tld" => Tld,
        "flag" => Flag,
        "domain" => Domain,
        "q" => Q,
        "group" => GroupBy,
        _ => null,
    };

    private Task ReloadAsync() => LoadAsync(async cancel =>
    {
        _by = await Staff.GetAsync();
        (_me, _mayDecide) = (_by.Id, _by.May(Policies.Decide));
        _staff = await Queries.StaffAsync(cancel);
        _ownViews = await Queries.OwnViewsAsync(_me, cancel);
        _own = _ownViews.FirstOrDefault(v => v.Key == View);
        _unknown.Clear();
        _filter = CaseFilter.Read(Read, _me, _staff, _unknown);
        _grouped = UrlState.Word(Read("group"), "group", _unknown, "domain", "none") != "none";
        UrlState.Word(Sort, "sort", _unknown, "-severity");
        _now = Clock.Now;
        var page = await Queries.ListAsync(_filter, _me, _grouped, new ListPosition(After, Before), Size, cancel);
        var open = _groups?.Where(g => g.IsExpanded).Select(g => g.Group.Domain.Id).ToHashSet() ?? [];
        _page = page;
        _groups = [.. page.Items.Select(g => new QueueGroup(g) { CanExpand = _grouped && g.Count > 1 })];
        foreach (var group in _groups.Where(g => g.CanExpand && open.Contains(g.Group.Domain.Id)))
        {
            group.Cases = [.. await Queries.OfDomainAsync(_filter, _me, group.Group.Domain.Id, cancel)];
            group.IsExpanded = true;
        }

        if (_cursor is { } at)
        {
            // The same case where it is still there; else nothing, for the place of a case that is gone says nothing.
            var group = _groups.FirstOrDefault(g => g.Group.Domain.Id == at.Group.Group.Domain.Id && (_grouped || g.Group.Head.Id == at.Group.Group.Head.Id));
            _cursor = group is null ? null : at with { Group = group, Row = at.Row is null ? null : group.Cases?.FirstOrDefault(c => c.Id == at.Row.Id) };
        }

        await CountAsync(cancel);
    });

    // Beside the list, so that no count holds up what a person works on.
    private async Task CountAsync(CancellationToken cancel)
    {
        StateHasChanged();
        _matching = await Queries.CountAsync(_filter, _me, cancel);
        _counts = await Queries.CountsAsync(cancel);
        _mine = await Queries.MineAsync(_me, cancel);
        _bulks = [.. (await Bulks.RecentAsync(_me, cancel)).Where(b => !_hiddenBulks.Contains(b.Id))];
        var (cases, domains) = _matching.Value;
        _summary = $"{Many(cases, _filter.View == TriageView.Closed ? "closed case" : "open case")} on {Many(domains, "domain")}";
        _total = Many(domains, "domain");
        if (cases == 0)
        {
            _lastScan = await Scans.LastEndedAsync(cancel);
        }
    }

    private static string Many(int n, string one) => n > CaseQueries.MostCounted ? $"10,000+ {one}s" : Words.Count(n, one);

    private int? CountOf(TriageView view) => view == TriageView.Mine ? _mine : _counts?.Counts.TryGetValue(view, out var n) == true ? n : null;

    private static string ViewLink(TriageView view) => view == TriageView.Queue ? "/triage" : $"/triage?view={view.ToString().ToLowerInvariant()}";

    private Dictionary<string, object?> Without(string name) => new() { [name] = _own?.Kept.ContainsKey(name) == true ? "" : null, ["after"] = null, ["before"] = null, ["case"] = null };

    private string? NameOf(Guid? id) => id is { } person ? _staff.TryGetValue(person, out var name) ? name : "A member of staff who left" : null;

    private static string RowId(QueueGroup group, CaseRow? row) => row is null ? $"g{group.Group.Head.Id.ToString(CultureInfo.InvariantCulture)}" : $"c{row.Id.ToString(CultureInfo.InvariantCulture)}";

    private (string Text, string Unit) DropText(CaseGroup group)
    {
        var domain = group.Domain;
        if (group.Head.HandChange == HandChange.Reregistered && domain.RegisteredAt is { } again && again <= _now)
        {
            return ("lost", Words.Relative(again, _now));
        }

        if (group.Head.Phase == DomainGuard.Core.Domains.Phase.Released)
        {
            return ("free", domain.PhaseSince is { } since ? Words.Relative(since, _now) : "now");
        }

        var days = Words.DropDays(domain.DropFrom, domain.DropTo, _now);
        return (days, days switch { "–" => "not known", "overdue" => "", "1" => "day", _ => "days" });
    }

    private string Age(DateTimeOffset since) => (_now - since) switch { { TotalDays: >= 1 } d => $"{d.TotalDays:0} d", { TotalHours: >= 1 } h => $"{h.TotalHours:0} h", _ => "now" };

    /// <summary>Where the keyboard stands.</summary>
    /// <param name="Group">The domain.</param>
    /// <param name="Row">One of its cases; null on the row of the domain itself.</param>
    private sealed record Cursor(QueueGroup Group, CaseRow? Row)
    {
        /// <summary>A decision is asked for from the card, over the list: the case itself is not open.</summary>
        public bool OnCard { get; init; }
    }

    private sealed record Snack(string Text, Guid? BulkId, DateTimeOffset At, bool IsProblem)
    {
        /// <summary>It was decided on a card: undoing it opens no case either.</summary>
        public bool OnCard { get; init; }
    }

    /// <summary>The form that is open, with the cases it is for as they were when it was opened.</summary>
    private sealed record OpenForm(DecisionPlace Place, IReadOnlyList<CaseEvent> Events, IReadOnlyList<CaseRef> Refs, Guid? Frozen, int Count, CaseLook? Look)
    {
        public IReadOnlyList<CaseConflict>? Conflict { get; init; }

        public string? Problem { get; init; }

        public bool IsBusy { get; init; }
    }
}
