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
        var key = string.Join('\n', View, State, SeverityText, Drop, Phase, Hands, Confidence, Assignee, Source, Tld, Flag, Domain, Q, GroupBy, After, Before);
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

    private string? Read(string name) => name switch
    {
        "view" => View,
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
        _ => null,
    };

    private Task ReloadAsync() => LoadAsync(async cancel =>
    {
        _by = await Staff.GetAsync();
        (_me, _mayDecide) = (_by.Id, _by.May(Policies.Decide));
        _staff = await Queries.StaffAsync(cancel);
        _unknown.Clear();
        _filter = CaseFilter.Read(Read, _me, _staff, _unknown);
        _grouped = UrlState.Word(GroupBy, "group", _unknown, "domain", "none") != "none";
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
            _cursor = group is null ? null : new Cursor(group, at.Row is null ? null : group.Cases?.FirstOrDefault(c => c.Id == at.Row.Id));
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

    private static Dictionary<string, object?> Without(string name) => new() { [name] = null, ["after"] = null, ["before"] = null, ["case"] = null };

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

    // ---- moving ----

    private IEnumerable<(QueueGroup Group, CaseRow? Row)> Visible()
    {
        foreach (var group in _groups ?? [])
        {
            yield return (group, null);
            if (group is { IsExpanded: true, Cases: { } cases })
            {
                foreach (var row in cases)
                {
                    yield return (group, row);
                }
            }
        }
    }

    private async Task MoveAsync(int step)
    {
        var rows = Visible().Where(r => !r.Group.IsGone).ToList();
        if (rows.Count == 0)
        {
            return;
        }

        var at = _cursor is null ? step > 0 ? -1 : rows.Count : rows.FindIndex(r => r.Group == _cursor.Group && r.Row?.Id == _cursor.Row?.Id);
        var next = Math.Clamp(at + step, 0, rows.Count - 1);
        await SelectAsync(rows[next].Group, rows[next].Row);
    }

    private async Task SelectAsync(QueueGroup group, CaseRow? row)
    {
        if (_cursor is { } here && here.Group == group && here.Row?.Id == row?.Id)
        {
            return;
        }

        // Moving on replaces the entry in the history, opening adds one.
        var opens = _cursor is null && CaseText is null;
        SetCursor(group, row);
        Go(CurrentRow.Id, !opens);
        _ = LoadDetailsSoonAsync();
        await Task.CompletedTask;
    }

    private void Go(long? id, bool replace)
    {
        var target = Navigation.GetUriWithQueryParameters(new Dictionary<string, object?> { ["case"] = id, ["scope"] = null });
        if (target != Navigation.Uri)
        {
            _asked.Enqueue(id?.ToString(CultureInfo.InvariantCulture) ?? "");
            Navigation.NavigateTo(target, new NavigationOptions { ReplaceHistoryEntry = replace });
        }
    }

    private void SetCursor(QueueGroup group, CaseRow? row)
    {
        _cursor = new Cursor(group, row);
        (_form, _assignOpen, _evidence, _detailProblem) = (null, false, null, null);
        if (_view?.Row.Id != CurrentRow.Id)
        {
            _view = null;
        }

        _scopeAll = row is null;
        (_focus, _follow) = (RowId(group, row), true);
        SetPlaces();
    }

    // The address of the page leads: a link, or back and forward.
    private async Task FollowUrlAsync()
    {
        // What this page asked for itself comes back a moment later, when the keyboard may already be further on.
        if (_asked.Contains(CaseText ?? ""))
        {
            while (_asked.Dequeue() != (CaseText ?? ""))
            {
            }

            return;
        }

        _asked.Clear();
        if (!long.TryParse(CaseText, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            if (CaseText is { Length: > 0 } && !_unknown.Contains($"case={CaseText}"))
            {
                _unknown.Add($"case={CaseText}");
            }

            if (_cursor is not null)
            {
                _cursor = null;
                _form = null;
            }

            return;
        }

        if (_cursor is null || CurrentRow.Id != id)
        {
            await ShowAsync(id);
        }
    }

    private async Task ShowAsync(long id)
    {
        var row = Visible().FirstOrDefault(r => (r.Row ?? r.Group.Group.Head).Id == id);
        if (row.Group is null && await Queries.FindAsync(id, Closing) is { } found)
        {
            // It is not on this page of the list: shown beside it all the same.
            var group = _groups?.FirstOrDefault(g => g.Group.Domain.Id == found.Domain.Id);
            row = group is { CanExpand: true } ? (group, found.Head) : (new QueueGroup(found), null);
        }

        if (row.Group is null)
        {
            _cursor = null;
            _unknown.Add($"case={id.ToString(CultureInfo.InvariantCulture)}");
            return;
        }

        SetCursor(row.Group, row.Row);
        _scopeAll = row.Row is null && UrlState.Word(Scope, "scope", _unknown, "all", "one") != "one";
        SetPlaces();
        await LoadDetailsAsync();
    }

    private async Task LoadDetailsSoonAsync()
    {
        // Holding j asks nothing of the database until it stops.
        var mine = NewDetailToken();
        try
        {
            await Task.Delay(TimeSpan.FromMilliseconds(120), mine);
            await LoadDetailsAsync(mine);
            await InvokeAsync(StateHasChanged);
        }
        catch (OperationCanceledException)
        {
            // The next row was chosen, or the page was left.
        }
    }

    private Task LoadDetailsAsync() => LoadDetailsAsync(NewDetailToken());

    private CancellationToken NewDetailToken()
    {
        _detail?.Cancel();
        _detail?.Dispose();
        _detail = CancellationTokenSource.CreateLinkedTokenSource(Closing);
        return _detail.Token;
    }

    private async Task LoadDetailsAsync(CancellationToken cancel)
    {
        if (_cursor is not { } at)
        {
            return;
        }

        try
        {
            if (at.Group.CanExpand && at.Group.Cases is null)
            {
                at.Group.Cases = [.. await Queries.OfDomainAsync(_filter, _me, at.Group.Group.Domain.Id, cancel)];
            }

            _now = Clock.Now;
            var view = await Details.FindAsync(CurrentRow.Id, cancel);
            cancel.ThrowIfCancellationRequested();
            _view = view;
            _detailProblem = view is null ? "This case is not there any more." : null;
            if (view is not null)
            {
                at.Group.Replace(view.Row);
                _cursor = at with { Row = at.Row is null ? null : view.Row };
                KeepScopeToEqualFacts();
            }

            SetPlaces();
        }
        catch (OperationCanceledException)
        {
            // The next row was chosen.
        }
        catch (Exception e) when (DomainGuard.Data.GuardDatabase.Explain(e) is { } words)
        {
            _detailProblem = words;
        }
    }

    private async Task CloseAsync()
    {
        if (_cursor is not { } at)
        {
            return;
        }

        (_focus, _follow) = (RowId(at.Group, at.Row), false);
        _cursor = null;
        _form = null;
        _assignOpen = false;
        Go(null, replace: false);
        await Task.CompletedTask;
    }

    private async Task ExpandAsync(QueueGroup group)
    {
        if (!group.CanExpand)
        {
            return;
        }

        group.IsExpanded = !group.IsExpanded;
        if (!group.IsExpanded && _cursor is { Row: not null } at && at.Group == group)
        {
            await SelectAsync(group, null);
        }

        if (group is { IsExpanded: true, Cases: null })
        {
            StateHasChanged();
            await EnsureCasesAsync(group);
        }
    }

    private async Task EnsureCasesAsync(QueueGroup group)
    {
        if (group.CanExpand && group.Cases is null)
        {
            group.Cases = [.. await Queries.OfDomainAsync(_filter, _me, group.Group.Domain.Id, Closing)];
        }
    }

    // ---- selecting ----

    private bool IsSelected(QueueGroup group) => _allMatching || (group.CanExpand ? group.Cases is { Count: > 0 } cases && cases.All(c => _selected.ContainsKey(c.Id)) : _selected.ContainsKey(group.Group.Head.Id));

    private async Task ToggleAsync(QueueGroup group)
    {
        await EnsureCasesAsync(group);
        var on = !IsSelected(group);
        LeaveAllMatching();
        foreach (var row in group.Rows)
        {
            Put(row, on);
        }

        _anchor = (group, null);
        SetPlaces();
    }

    private void Toggle(CaseRow row)
    {
        LeaveAllMatching();
        Put(row, !_selected.ContainsKey(row.Id));
        SetPlaces();
    }

    private async Task TogglePageAsync()
    {
        var on = !IsPageSelected;
        LeaveAllMatching();
        foreach (var group in _groups ?? [])
        {
            await EnsureCasesAsync(group);
            foreach (var row in group.Rows.Where(_ => !group.IsGone))
            {
                Put(row, on);
            }
        }

        SetPlaces();
    }

    private async Task SelectRangeAsync()
    {
        var rows = Visible().Where(r => !r.Group.IsGone).ToList();
        if (_cursor is not { } at || rows.Count == 0)
        {
            return;
        }

        var to = rows.FindIndex(r => r.Group == at.Group && r.Row?.Id == at.Row?.Id);
        var from = _anchor is { } anchor ? rows.FindIndex(r => r.Group == anchor.Group && r.Row?.Id == anchor.Row?.Id) : to;
        LeaveAllMatching();
        foreach (var (group, row) in rows.GetRange(Math.Max(0, Math.Min(from, to)), Math.Abs(to - Math.Max(from, 0)) + 1))
        {
            await EnsureCasesAsync(group);
            foreach (var one in row is null ? group.Rows : [row])
            {
                Put(one, true);
            }
        }

        SetPlaces();
    }

    private void Put(CaseRow row, bool on)
    {
        if (!on)
        {
            _selected.Remove(row.Id);
        }
        else if (_selected.Count < CaseQueries.MostCounted)
        {
            _selected[row.Id] = row;
        }
    }

    private async Task SelectAllAsync()
    {
        _allSet = await Queries.SetAsync(_filter, _me, Closing);
        _allMatching = _allSet.Count > 0;
        _form = null;
        SetPlaces();
    }

    private void LeaveAllMatching() => (_allMatching, _allSet, _form) = (false, null, null);

    private void ClearSelection()
    {
        _selected.Clear();
        LeaveAllMatching();
        _anchor = null;
        _assignOpen = false;
        SetPlaces();
    }

    private void SetScope(bool all)
    {
        _scopeAll = all;
        _form = null;
        Navigation.NavigateTo(Navigation.GetUriWithQueryParameter("scope", all ? "all" : "one"), new NavigationOptions { ReplaceHistoryEntry = true });
        SetPlaces();
    }

    // One decision for all of a domain is the default only where the facts are the same.
    private void KeepScopeToEqualFacts()
    {
        if (_scopeAll && Scope is null && _cursor?.Group.Cases is { Count: > 0 } cases && cases.Select(c => (c.State, c.IsUnverified, c.Situation, c.HandChange)).Distinct().Count() > 1)
        {
            _scopeAll = false;
        }
    }

    private void SetPlaces()
    {
        if (_allMatching)
        {
            _places = DecisionPlaces.For(_allSet!.States);
        }
        else if (_selected.Count > 0)
        {
            _places = DecisionPlaces.For([.. _selected.Values.Select(r => (r.State, r.IsUnverified)).Distinct()]);
        }
        else if (_cursor is { } at)
        {
            _places = DecisionPlaces.For(_scopeAll && at.Group.Cases is { Count: > 0 } cases ? [.. cases.Select(c => (c.State, c.IsUnverified)).Distinct()] : [(CurrentRow.State, CurrentRow.IsUnverified)]);
        }
        else
        {
            _places = DecisionPlaces.For([]);
        }
    }

    // ---- deciding ----

    // A key may be faster than the reading: what is allowed is known only with all the cases.
    private async Task ReadScopeAsync()
    {
        if (!HasSelection && _scopeAll && _cursor is { Group: { CanExpand: true, Cases: null } unread })
        {
            await EnsureCasesAsync(unread);
            KeepScopeToEqualFacts();
            SetPlaces();
        }
    }

    private async Task OpenFormAsync(int index)
    {
        await ReadScopeAsync();
        var place = _places[index];
        if (!_mayDecide || !place.IsAllowed || (!HasSelection && _cursor is null))
        {
            Say(place.Why is null ? "Nothing is selected." : $"{CaseWords.Verb(place.Shown)}: {place.Why}.");
            return;
        }

        _assignOpen = false;
        CaseLook? look = null;
        IReadOnlyList<CaseRef> refs;
        Guid? frozen = null;
        var count = 0;
        if (_allMatching)
        {
            refs = [];
            if (await FreezeAsync(_filter) is not { } list)
            {
                return;
            }

            (frozen, count) = list;
        }
        else if (_selected.Count > 0)
        {
            refs = [.. _selected.Values.Select(r => r.Ref)];
            var first = _selected.Values.First();
            look = _groups?.FirstOrDefault(g => g.Group.Domain.Id == first.DomainId) is { } of ? CaseQueries.LookOf(first, of.Group.Domain) : null;
        }
        else
        {
            var at = _cursor!;
            look = CaseQueries.LookOf(CurrentRow, at.Group.Group.Domain);
            if (_scopeAll && at.Group.CanExpand && at.Group.Group.Count > at.Group.Cases!.Count)
            {
                refs = [];
                if (await FreezeAsync(_filter with { Domain = at.Group.Group.Domain.Name }) is not { } list)
                {
                    return;
                }

                (frozen, count) = list;
            }
            else
            {
                refs = _scopeAll && at.Group.CanExpand ? [.. at.Group.Cases!.Select(c => c.Ref)] : [CurrentRow.Ref];
            }
        }

        _form = new OpenForm(place, place.Events, refs, frozen, frozen is null ? refs.Count : count, look);
        (_focus, _follow) = ("comment", false);
    }

    private async Task<(Guid BulkId, int Count)?> FreezeAsync(CaseFilter filter)
    {
        var (me, now) = (_me, _now);
        var frozen = await Freeze.ExecuteAsync(await Staff.GetAsync(), db => CaseQueries.Matching(db, filter, me, now), Closing);
        if (frozen.Problem is { } problem)
        {
            Tell(problem, true);
            return null;
        }

        return (frozen.BulkId, frozen.Count);
    }

    private async Task SendAsync(DecisionWish wish)
    {
        if (_form is not { IsBusy: false } form)
        {
            return;
        }

        _form = form with { IsBusy = true, Problem = null };
        StateHasChanged();
        try
        {
            // A decision that was sent is carried out, whether or not the page is still there.
            var by = await Staff.GetAsync();
            var outcome = form.Frozen is { } bulk
                ? await DecideMany.ExecuteAsync(by, bulk, wish, acceptDifference: form.Conflict is not null, CancellationToken.None)
                : await Decide.ExecuteAsync(by, form.Refs, wish, CancellationToken.None);
            switch (outcome)
            {
                case DecideOutcome.Done done:
                    await DecidedAsync(form, wish, done);
                    break;
                case DecideOutcome.Conflict conflict:
                    await ConflictAsync(form, conflict.Cases);
                    break;
                case DecideOutcome.Refused refused:
                    _form = form with { IsBusy = false, Problem = refused.Problem };
                    break;
            }
        }
        catch (Exception e) when (DomainGuard.Data.GuardDatabase.Explain(e) is { } words)
        {
            _form = form with { IsBusy = false, Problem = $"{words} Nothing was decided. Your text is kept." };
        }
    }

    private async Task DecidedAsync(OpenForm form, DecisionWish wish, DecideOutcome.Done done)
    {
        _form = null;
        _snack = new Snack($"{Words.Count(done.Count, "case")} {CaseWords.Participle(wish.Event)}.", done.BulkId, Time.GetUtcNow(), false);
        Queries.Forget();
        var decided = form.Refs.Select(r => r.Id).ToHashSet();
        ClearSelection();
        if (form.Frozen is not null)
        {
            _cursor = null;
            await ReloadAsync();
            return;
        }

        // The row moves on and the next case opens: what is left of a group stays in its place.
        var rows = Visible().Where(r => !r.Group.IsGone).ToList();
        var at = _cursor is { } here ? rows.FindIndex(r => r.Group == here.Group && r.Row?.Id == here.Row?.Id) : -1;
        var now = (await Queries.RowsAsync(decided, Closing)).ToDictionary(r => r.Id);
        foreach (var group in _groups ?? [])
        {
            group.Remove(decided, now);
        }

        var next = rows.Skip(at + 1).Concat(rows.Take(Math.Max(at, 0)).Reverse()).FirstOrDefault(r => !r.Group.IsGone && (r.Row is null ? !decided.Contains(r.Group.Group.Head.Id) : !decided.Contains(r.Row.Id)));
        _groups?.RemoveAll(g => g.IsGone);
        if (next.Group is not null)
        {
            _cursor = null;
            await SelectAsync(next.Group, next.Row);
        }
        else
        {
            _cursor = null;
            await ReloadAsync();
            Go(null, replace: true);
        }

        if (Problem is null)
        {
            await CountAsync(Closing);
        }
    }

    private async Task ConflictAsync(OpenForm form, IReadOnlyList<CaseConflict> conflicts)
    {
        // What is there now: "decide anyway" is for a person who has read it.
        var now = await Queries.RowsAsync([.. form.Refs.Select(r => r.Id)], Closing);
        foreach (var row in now)
        {
            foreach (var group in _groups ?? [])
            {
                group.Replace(row);
            }

            if (_selected.ContainsKey(row.Id))
            {
                _selected[row.Id] = row;
            }
        }

        var events = form.Place.Events.Where(e => now.All(r => CaseTransitions.Next(r.State, e, r.IsUnverified) is not null)).ToList();
        if (_cursor is { Row: { } current } at)
        {
            _cursor = at with { Row = now.FirstOrDefault(r => r.Id == current.Id) ?? current };
        }

        SetPlaces();
        _form = form with { IsBusy = false, Conflict = conflicts, Events = events, Refs = form.Frozen is null ? [.. now.Select(r => r.Ref)] : [] };
        Say($"Somebody was faster. Nothing was decided.");
        if (_cursor is not null)
        {
            await LoadDetailsAsync();
        }
    }

    private async Task UndoAsync(Guid bulkId)
    {
        var outcome = await Undo.ExecuteAsync(await Staff.GetAsync(), bulkId, CancellationToken.None);
        Queries.Forget();
        switch (outcome)
        {
            case UndoOutcome.Done done:
                Tell($"{Words.Count(done.Count, "case is", "cases are")} as before.", false);
                _form = null;
                await ReloadAsync();
                if (await Bulks.FirstCaseAsync(bulkId, Closing) is { } id)
                {
                    // Back to where it was taken: the domain where it went to several, else the case.
                    await ShowAsync(id);
                    if (done.Count > 1 && _cursor is { Row: not null, Group: { } group })
                    {
                        SetCursor(group, null);
                        await LoadDetailsAsync();
                    }

                    Go(CurrentRow.Id, replace: true);
                }

                break;
            case UndoOutcome.Refused refused:
                Tell(refused.Problem, true);
                break;
        }
    }

    private async Task<bool> RemarkAsync(string text)
    {
        switch (await Remark.ExecuteAsync(await Staff.GetAsync(), CurrentRow.Id, text, CancellationToken.None))
        {
            case CommentOutcome.Refused refused:
                Tell(refused.Problem, true);
                return false;
            default:
                await LoadDetailsAsync();
                return true;
        }
    }

    private async Task RemarkFromFormAsync(string text)
    {
        if (await RemarkAsync(text))
        {
            CloseForm();
        }
    }

    private void CloseForm()
    {
        _form = null;
        if (_cursor is { } at)
        {
            (_focus, _follow) = (RowId(at.Group, at.Row), false);
        }
    }

    private async Task OpenAssign()
    {
        if (!_mayDecide || (!HasSelection && _cursor is null))
        {
            return;
        }

        if (_allMatching)
        {
            Tell("Assign goes by selection, at most one page at a time.", true);
            return;
        }

        _form = null;
        _analysts = await Queries.AnalystsAsync(Closing);
        _assignOpen = true;
        (_focus, _follow) = ("assign-me", false);
    }

    private async Task AssignAsync(Guid? assignee)
    {
        _assignOpen = false;
        if (!HasSelection && _scopeAll && _cursor is { } group)
        {
            await EnsureCasesAsync(group.Group);
        }

        IReadOnlyList<CaseRef> refs = _selected.Count > 0 ? [.. _selected.Values.Select(r => r.Ref)]
            : _scopeAll && _cursor!.Group.Cases is { } cases ? [.. cases.Select(c => c.Ref)] : [CurrentRow.Ref];
        switch (await AssignTo.ExecuteAsync(await Staff.GetAsync(), refs, assignee, CancellationToken.None))
        {
            case AssignOutcome.Done:
                Tell($"{Words.Count(refs.Count, "case")} {(assignee is null ? "left to nobody" : $"assigned to {NameOf(assignee)}")}.", false);
                break;
            case AssignOutcome.Conflict:
                Tell("Somebody changed these cases meanwhile. They are shown as they are now.", true);
                break;
            case AssignOutcome.Refused refused:
                Tell(refused.Problem, true);
                break;
        }

        await RefreshRowsAsync([.. refs.Select(r => r.Id)], null);
        if (_cursor is { } at)
        {
            (_focus, _follow) = (RowId(at.Group, at.Row), false);
            await LoadDetailsAsync();
        }
    }

    // ---- what others do ----

    private void OnChanged(CasesChanged change)
    {
        if (change.By != _me)
        {
            _ = InvokeAsync(() => RefreshRowsAsync(change.CaseIds, change.By));
        }
    }

    /// <summary>Shows what became of rows that are on the screen. Rows that no longer match stay, greyed, until the list is asked for again.</summary>
    private async Task RefreshRowsAsync(IReadOnlyList<long> ids, Guid? by)
    {
        try
        {
            var shown = Visible().SelectMany(r => r.Row is null ? r.Group.Rows : [r.Row]).Select(r => r.Id).ToHashSet();
            var here = ids.Where(shown.Contains).ToList();
            Queries.Forget();
            foreach (var row in here.Count == 0 ? [] : await Queries.RowsAsync(here, Closing))
            {
                foreach (var group in _groups!)
                {
                    if (group.Replace(row) && by != _me && by is not null)
                    {
                        group.ChangedBy = $"{CaseWords.Of(row.State).Text} by {NameOf(by)}";
                    }
                }

                if (_selected.ContainsKey(row.Id))
                {
                    _selected[row.Id] = row;
                }

                if (_cursor?.Row?.Id == row.Id)
                {
                    _cursor = _cursor with { Row = row };
                }
            }

            // The case that is open is read again, unless a form is: that one will hear of it when it is sent.
            if (_cursor is not null && here.Contains(CurrentRow.Id) && _form is null)
            {
                await LoadDetailsAsync();
            }

            SetPlaces();
            StateHasChanged();
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException || DomainGuard.Data.GuardDatabase.Explain(e) is not null)
        {
            // Left, or the database rests: the next look comes in ten seconds.
        }
    }

    // Counts, and what was decided on other nodes.
    private async Task FollowAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(_snack is null ? FollowTime : TimeSpan.FromSeconds(1), Closing);
                await InvokeAsync(async () =>
                {
                    if (_snack is { } snack)
                    {
                        _snack = Time.GetUtcNow() - snack.At > SnackTime ? null : snack;
                    }
                    else if (_groups is not null && Problem is null)
                    {
                        await LookAgainAsync();
                    }

                    StateHasChanged();
                });
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private async Task LookAgainAsync()
    {
        try
        {
            _now = Clock.Now;
            var before = _matching?.Cases ?? 0;
            var shown = _groups!.Where(g => !g.IsGone).Select(g => g.Group.Head.Id).ToList();
            await RefreshRowsAsync(shown, null);
            await CountAsync(Closing);
            if (After is null && Before is null && _matching is { } n && n.Cases > before)
            {
                _newer += n.Cases - before;
            }
        }
        catch (Exception e) when (DomainGuard.Data.GuardDatabase.Explain(e) is not null)
        {
            // What is shown stays; the next look comes in ten seconds.
        }
    }

    private async Task ReloadFromTopAsync()
    {
        _newer = 0;
        await ReloadAsync();
    }

    // ---- keys ----

    private Task OnKeyAsync(string action) => InvokeAsync(async () =>
    {
        await (action switch
        {
            "next" => MoveAsync(1),
            "previous" => MoveAsync(-1),
            "open" => OpenAsync(),
            "expand" => _cursor is null ? Task.CompletedTask : ExpandAsync(_cursor.Group),
            "select" => _cursor is { } at && _mayDecide ? at.Row is null ? ToggleAsync(at.Group) : Run(() => Toggle(at.Row)) : Task.CompletedTask,
            "range" => _mayDecide ? SelectRangeAsync() : Task.CompletedTask,
            "confirm" => PlaceAsync(0, CaseEvent.Confirm),
            "unverify" => PlaceAsync(0, CaseEvent.Unverify),
            "override" => PlaceAsync(1, null),
            "dismiss" => PlaceAsync(2, null),
            "snooze" => PlaceAsync(3, null),
            "restore" => PlaceAsync(4, null),
            "send" => _formBox is not null && _form is not null ? _formBox.SendAsync() : Task.CompletedTask,
            "undo" => UndoLastAsync(),
            "assign" => _assignOpen ? AssignAsync(_me) : OpenAssign(),
            "comment" => Run(() => (_focus, _follow) = (_cursor is null ? null : "remark", false)),
            "filter" => Run(ToggleFilters),
            "evidence" => Run(NextEvidence),
            "escape" => EscapeAsync(),
            _ => Task.CompletedTask,
        });
        StateHasChanged();
    });

    private static Task Run(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private async Task PlaceAsync(int place, CaseEvent? only)
    {
        await ReadScopeAsync();
        if (only is { } what && !_places[place].Events.Contains(what))
        {
            Say($"{CaseWords.Verb(what)}: {(_places[place].Shown == what ? _places[place].Why : "not in this state")}.");
            return;
        }

        await OpenFormAsync(place);
    }

    private async Task OpenAsync()
    {
        if (_cursor is null)
        {
            await MoveAsync(1);
        }

        (_focus, _follow) = ("panel", false);
    }

    private async Task EscapeAsync()
    {
        if (_form is not null || _assignOpen)
        {
            _assignOpen = false;
            CloseForm();
        }
        else if (_cursor is not null)
        {
            await CloseAsync();
        }
        else
        {
            ClearSelection();
        }
    }

    private async Task UndoLastAsync()
    {
        if (_snack?.BulkId is { } shown)
        {
            await UndoAsync(shown);
        }
        else if (_mayDecide && await Bulks.LastUndoableAsync(_me, Closing) is { } last)
        {
            await UndoAsync(last);
        }
        else
        {
            Tell("There is no decision of yours from the last 10 minutes.", true);
        }
    }

    private void NextEvidence()
    {
        var count = _view?.Domain.Latest.Count() ?? 0;
        _evidence = count == 0 ? null : _evidence is { } shown ? shown + 1 < count ? shown + 1 : null : 0;
    }

    private void ToggleFilters()
    {
        _filtersOpen = !_filtersOpen;
        if (_filtersOpen)
        {
            (_focus, _follow) = ("state", false);
        }
    }

    private void HideBulk(Guid id)
    {
        _hiddenBulks.Add(id);
        _bulks = [.. _bulks.Where(b => b.Id != id)];
    }

    private async Task CopyLinkAsync()
    {
        await Js.InvokeVoidAsync("domainGuard.copy", Navigation.Uri);
        _copied = true;
        await Task.Delay(TimeSpan.FromSeconds(2), Closing).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Current);
        _copied = false;
    }

    private string UndoLeft(DateTimeOffset at)
    {
        var left = CaseDetails.UndoTime - (Time.GetUtcNow() - at);
        return left > TimeSpan.Zero ? $"{(int)left.TotalMinutes}:{left.Seconds:00}" : "";
    }

    private void Tell(string text, bool isProblem) => _snack = new Snack(text, null, Time.GetUtcNow(), isProblem);

    private void Say(string text) => (_said, _snack) = (text, new Snack(text, null, Time.GetUtcNow(), true));

    /// <summary>Where the keyboard stands.</summary>
    /// <param name="Group">The domain.</param>
    /// <param name="Row">One of its cases; null on the row of the domain itself.</param>
    private sealed record Cursor(QueueGroup Group, CaseRow? Row);

    private sealed record Snack(string Text, Guid? BulkId, DateTimeOffset At, bool IsProblem);

    /// <summary>The form that is open, with the cases it is for as they were when it was opened.</summary>
    private sealed record OpenForm(DecisionPlace Place, IReadOnlyList<CaseEvent> Events, IReadOnlyList<CaseRef> Refs, Guid? Frozen, int Count, CaseLook? Look)
    {
        public IReadOnlyList<CaseConflict>? Conflict { get; init; }

        public string? Problem { get; init; }

        public bool IsBusy { get; init; }
    }

    /// <summary>A domain of the list, as it is on the screen.</summary>
    private sealed class QueueGroup(CaseGroup group)
    {
        public CaseGroup Group { get; private set; } = group;

        public bool CanExpand { get; init; }

        public bool IsExpanded { get; set; }

        /// <summary>Its cases; null until they are asked for.</summary>
        public List<CaseRow>? Cases { get; set; }

        /// <summary>Nothing of it matches any more.</summary>
        public bool IsGone { get; private set; }

        /// <summary>It was closed by somebody else since it was listed: greyed until the list is read again.</summary>
        public bool IsStale { get; private set; }

        /// <summary>What a colleague did to it since it was listed.</summary>
        public string? ChangedBy { get; set; }

        public IReadOnlyList<CaseRow> Rows => CanExpand ? Cases ?? [Group.Head] : [Group.Head];

        /// <summary>Puts a newer reading of a case in its place; true when it is one of these and differs.</summary>
        public bool Replace(CaseRow row)
        {
            var differs = false;
            if (Group.Head.Id == row.Id)
            {
                differs = Group.Head.Version != row.Version;
                IsStale = differs ? Group.Head.IsOpen && !row.IsOpen : IsStale;
                Group = Group with { Head = row };
            }

            if (Cases?.FindIndex(c => c.Id == row.Id) is { } at and >= 0)
            {
                differs |= Cases[at].Version != row.Version;
                Cases[at] = row;
            }

            return differs;
        }

        /// <summary>Takes out what was decided here.</summary>
        public void Remove(HashSet<long> decided, Dictionary<long, CaseRow> now)
        {
            var mine = Rows.Where(r => decided.Contains(r.Id)).ToList();
            if (mine.Count == 0)
            {
                return;
            }

            Cases?.RemoveAll(c => decided.Contains(c.Id));
            var left = Group.Count - mine.Count;
            if (left <= 0 || (CanExpand && Cases is { Count: 0 }))
            {
                Group = Group with { Head = now.GetValueOrDefault(Group.Head.Id, Group.Head) };
                IsGone = true;
                return;
            }

            Group = Group with { Count = left, Head = decided.Contains(Group.Head.Id) && Cases is { Count: > 0 } cases ? cases[0] : Group.Head };
        }
    }
}
