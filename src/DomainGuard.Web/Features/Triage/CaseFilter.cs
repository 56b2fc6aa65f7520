using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Triage;

/// <summary>Saved views of the queue. The name in lower case stands in the URL.</summary>
internal enum TriageView
{
    /// <summary>What waits for a person now, worst first.</summary>
    Queue,

    /// <summary>Of these, mine.</summary>
    Mine,

    /// <summary>Of these, nobody's.</summary>
    Unassigned,

    /// <summary>Of these, those that drop within seven days.</summary>
    Drop7,

    /// <summary>Needs review.</summary>
    Review,

    /// <summary>Critical.</summary>
    Critical,

    /// <summary>Un-verified, and nobody has confirmed it yet.</summary>
    Unconfirmed,

    /// <summary>Verified anew with too little proof.</summary>
    Contested,

    /// <summary>Waits in a batch for an administrator.</summary>
    Braked,

    /// <summary>One source says so, no other.</summary>
    OneSource,

    /// <summary>Put aside.</summary>
    Snoozed,

    /// <summary>Overridden.</summary>
    Overridden,

    /// <summary>In order again; the address waits to be restored.</summary>
    Recovered,

    /// <summary>Everything that is open.</summary>
    Open,

    /// <summary>What is closed.</summary>
    Closed,
}

/// <summary>Who a case is assigned to, as a filter.</summary>
/// <param name="Id">The member of staff; null for nobody.</param>
internal sealed record AssigneeFilter(Guid? Id);

/// <summary>What the queue is narrowed to. A view is a starting point; every other parameter narrows it, and a state replaces that of the view.</summary>
internal sealed record CaseFilter
{
    public TriageView View { get; init; }

    public IReadOnlyList<CaseState> States { get; init; } = [];

    public IReadOnlyList<Severity> Severities { get; init; } = [];

    /// <summary>Estimated drop within so many days.</summary>
    public int? DropDays { get; init; }

    public Phase? Phase { get; init; }

    public HandChange? Hands { get; init; }

    public Confidence? Confidence { get; init; }

    public AssigneeFilter? Assignee { get; init; }

    /// <summary>A source that has answered about the domain.</summary>
    public SourceKind? Source { get; init; }

    public string? Tld { get; init; }

    public DomainFlags? Flag { get; init; }

    /// <summary>The cases of one domain, by its exact name.</summary>
    public string? Domain { get; init; }

    /// <summary>The cases of a batch, whatever their state: the view says nothing then.</summary>
    public long? Batch { get; init; }

    /// <summary>The name of a domain or account, or an address, exact or its beginning; or the number of a case.</summary>
    public string? Search { get; init; }

    /// <summary>Names of the parameters that say what the list holds, "group" among them: what a view of one's own keeps.</summary>
    public static IReadOnlySet<string> Names { get; } = new HashSet<string>(StringComparer.Ordinal)
    {
        "view", "state", "severity", "drop", "phase", "hands", "confidence", "assignee", "source", "tld", "flag", "domain", "q", "group",
    };

    /// <summary>Names of the parameters that narrow the view, narrowest first as far as one can tell without asking.</summary>
    public IReadOnlyList<string> Narrowing
    {
        get
        {
            var names = new List<string>();
            Add("q", Search is { Length: > 0 });
            Add("domain", Domain is { Length: > 0 });
            Add("drop", DropDays is not null);
            Add("flag", Flag is not null);
            Add("hands", Hands is not null);
            Add("phase", Phase is not null);
            Add("tld", Tld is not null);
            Add("source", Source is not null);
            Add("confidence", Confidence is not null);
            Add("assignee", Assignee is not null);
            Add("severity", Severities.Count > 0);
            Add("state", States.Count > 0);
            return names;

            void Add(string name, bool narrows)
            {
                if (narrows)
                {
                    names.Add(name);
                }
            }
        }
    }

    /// <summary>The words of a view: on its tab.</summary>
    public static string Name(TriageView view) => view switch
    {
        TriageView.Queue => "Worst first",
        TriageView.Mine => "Mine",
        TriageView.Unassigned => "Not assigned",
        TriageView.Drop7 => "Drop within 7 days",
        TriageView.Review => "Needs review",
        TriageView.Critical => "Critical",
        TriageView.Unconfirmed => "Not confirmed",
        TriageView.Contested => "Contested",
        TriageView.Braked => "Braked",
        TriageView.OneSource => "Single source",
        TriageView.Snoozed => "Snoozed",
        TriageView.Overridden => "Overridden",
        TriageView.Recovered => "Recovered",
        TriageView.Open => "All open",
        _ => "Closed",
    };

    /// <summary>Reads the parameters of the page. Unknown values are named in <paramref name="unknown"/> and ignored.</summary>
    /// <param name="read">Gives the text of a parameter; null where it is absent.</param>
    /// <param name="me">Who asks: "me".</param>
    /// <param name="staff">Staff by display name.</param>
    /// <param name="unknown">Collects what is not known.</param>
    public static CaseFilter Read(Func<string, string?> read, Guid me, IReadOnlyDictionary<Guid, string> staff, List<string> unknown)
    {
        var confidence = read("confidence");
        return new CaseFilter
        {
            View = UrlState.Read<TriageView>(read("view"), "view", unknown) ?? TriageView.Queue,
            States = UrlState.ReadMany<CaseState>(read("state"), "state", unknown),
            Severities = UrlState.ReadMany<Severity>(read("severity"), "severity", unknown),
            DropDays = UrlState.Word(read("drop"), "drop", unknown, "1d", "7d", "30d") switch { "1d" => 1, "7d" => 7, "30d" => 30, _ => null },
            Phase = UrlState.Read<Phase>(read("phase"), "phase", unknown),
            Hands = UrlState.Read<HandChange>(read("hands"), "hands", unknown),
            Confidence = UrlState.Read<Confidence>(confidence, "confidence", unknown),
            Assignee = ReadAssignee(read("assignee"), me, staff, unknown),
            Source = UrlState.Read<SourceKind>(read("source"), "source", unknown),
            Tld = UrlState.Tld(read("tld")),
            Flag = UrlState.Read<DomainFlags>(read("flag"), "flag", unknown),
            Domain = read("domain") is { Length: > 0 } domain ? DomainName.TryNormalise(domain, out var name, out _) ? name : domain.ToLowerInvariant() : null,
            Search = read("q") is { } q && q.Trim() is { Length: > 0 } search ? search : null,
        };
    }

    /// <summary>The parameters that give this filter again: what <see cref="Read"/> has understood, and nothing else.</summary>
    /// <param name="me">Who asks: "me".</param>
    /// <param name="staff">Staff by display name.</param>
    public IReadOnlyDictionary<string, string> Parameters(Guid me, IReadOnlyDictionary<Guid, string> staff)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        Add("view", View == TriageView.Queue ? null : View.ToString().ToLowerInvariant());
        Add("state", string.Join(',', States));
        Add("severity", string.Join(',', Severities));
        Add("drop", DropDays is { } days ? $"{days}d" : null);
        Add("phase", Phase?.ToString());
        Add("hands", Hands?.ToString());
        Add("confidence", Confidence?.ToString());
        Add("assignee", Assignee is null ? null : Assignee.Id is not { } person ? "none" : person == me ? "me" : staff.GetValueOrDefault(person));
        Add("source", Source?.ToString());
        Add("tld", Tld);
        Add("flag", Flag?.ToString());
        Add("domain", Domain);
        Add("q", Search);
        return values;

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                values[name] = value;
            }
        }
    }

    private static AssigneeFilter? ReadAssignee(string? text, Guid me, IReadOnlyDictionary<Guid, string> staff, List<string> unknown)
    {
        switch (text)
        {
            case null or "":
                return null;
            case "me":
                return new AssigneeFilter(me);
            case "none":
                return new AssigneeFilter(null);
        }

        var found = staff.Where(s => string.Equals(s.Value, text, StringComparison.OrdinalIgnoreCase)).Select(s => (Guid?)s.Key).FirstOrDefault();
        if (found is null)
        {
            unknown.Add($"assignee={text}");
        }

        return found is null ? null : new AssigneeFilter(found);
    }
}
