using System.Text.Json;
using System.Text.Json.Serialization;

namespace DomainGuard.Core.Policy;

/// <summary>One row of the table: what is done, and how soon the domain is looked up again.</summary>
/// <param name="Action">What the policy wants.</param>
/// <param name="LookAgain">How long after an answered look-up the next is wanted at the latest; null where nothing is looked up.</param>
public sealed record SituationRule(PolicyAction Action, TimeSpan? LookAgain);

/// <summary>The guards that may be switched. Overrides, canaries and the brake always hold.</summary>
/// <param name="Notable">Domains on the list of notable ones go to a person.</param>
/// <param name="LargeFrom">Domains with so many addresses or more go to a person; null switches the guard off.</param>
/// <param name="Confidence">What is not corroborated goes to a person.</param>
public sealed record GuardRules(bool Notable, int? LargeFrom, bool Confidence);

/// <summary>How many automatic un-verifications a day need nobody.</summary>
/// <param name="PerDay">In 24 hours, whatever is usual.</param>
/// <param name="TimesMean">Or so many times the daily mean of the last 30 days, where that is more.</param>
public sealed record BrakeRules(int PerDay, double TimesMean);

/// <summary>How the gate answers.</summary>
/// <param name="MaxAge">Evidence of an <c>Active</c> domain older than this is refreshed before answering.</param>
/// <param name="MaxAgeInDoubt">The same for every other phase.</param>
/// <param name="Deadline">How long an answer may take with a look-up in it.</param>
/// <param name="ReviewAfter">Without a fresh answer, the last known state counts no longer than this.</param>
/// <param name="AllowNotMonitored">Addresses that are not in the database are allowed.</param>
/// <param name="AllowNotApplicable">Addresses whose host cannot be registered are allowed.</param>
public sealed record GateRules(TimeSpan MaxAge, TimeSpan MaxAgeInDoubt, TimeSpan Deadline, TimeSpan ReviewAfter, bool AllowNotMonitored, bool AllowNotApplicable);

/// <summary>Questions a day.</summary>
/// <param name="Rdap">RDAP.</param>
/// <param name="DomainResearch">Fastly Domain Research and Domainr, each.</param>
/// <param name="Dns">DNS.</param>
public sealed record BudgetRules(int Rdap, int DomainResearch, int Dns);

/// <summary>
/// The policy: what is done about each situation, what holds it back, how often is looked, how the gate answers (product section 6). Immutable; a change is a
/// new version.
/// </summary>
public sealed record GuardPolicy
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = false,
    };

    /// <summary>A rule for every situation.</summary>
    public required IReadOnlyDictionary<Situation, SituationRule> Situations { get; init; }

    /// <summary>After a change of hands is certain, the domain is looked up as often as its row says for this long; then once a day.</summary>
    public required TimeSpan ReregisteredWatch { get; init; }

    /// <summary>Guards.</summary>
    public required GuardRules Guards { get; init; }

    /// <summary>Brake.</summary>
    public required BrakeRules Brake { get; init; }

    /// <summary>Gate.</summary>
    public required GateRules Gate { get; init; }

    /// <summary>Budgets.</summary>
    public required BudgetRules Budgets { get; init; }

    /// <summary>Days before the end of the term on which an early warning goes out, descending.</summary>
    public required IReadOnlyList<int> EarlyWarningDays { get; init; }

    /// <summary>The defaults of product section 6.</summary>
    public static GuardPolicy Default { get; } = new()
    {
        Situations = new Dictionary<Situation, SituationRule>
        {
            [Situation.Active] = new(PolicyAction.Nothing, TimeSpan.FromDays(30)),
            [Situation.ExpiringSoon] = new(PolicyAction.Watch, TimeSpan.FromDays(3)),
            [Situation.Expired] = new(PolicyAction.Watch, TimeSpan.FromDays(1)),
            [Situation.ExpiredAndMoved] = new(PolicyAction.Review, TimeSpan.FromDays(1)),
            [Situation.AutoRenewGrace] = new(PolicyAction.Watch, TimeSpan.FromHours(12)),
            [Situation.AutoRenewGraceAndMoved] = new(PolicyAction.Review, TimeSpan.FromHours(12)),
            [Situation.OnHold] = new(PolicyAction.Review, TimeSpan.FromDays(1)),
            [Situation.Undelegated] = new(PolicyAction.Review, TimeSpan.FromDays(1)),
            [Situation.Redemption] = new(PolicyAction.Unverify, TimeSpan.FromHours(6)),
            [Situation.PendingRestore] = new(PolicyAction.Review, TimeSpan.FromHours(6)),
            [Situation.PendingDelete] = new(PolicyAction.Unverify, TimeSpan.FromHours(2)),
            [Situation.Released] = new(PolicyAction.Unverify, TimeSpan.FromHours(6)),
            [Situation.Reregistered] = new(PolicyAction.Unverify, TimeSpan.FromHours(1)),
            [Situation.Suspected] = new(PolicyAction.Review, TimeSpan.FromHours(6)),
            [Situation.Parked] = new(PolicyAction.Review, TimeSpan.FromDays(1)),
            [Situation.ForSale] = new(PolicyAction.Review, TimeSpan.FromDays(1)),
            [Situation.Sinkholed] = new(PolicyAction.Review, TimeSpan.FromDays(1)),
            [Situation.DanglingMx] = new(PolicyAction.Review, TimeSpan.FromDays(1)),
            [Situation.Conflicting] = new(PolicyAction.Review, TimeSpan.FromDays(1)),
            [Situation.Unknown] = new(PolicyAction.Nothing, TimeSpan.FromDays(1)),
            [Situation.NotApplicable] = new(PolicyAction.Nothing, null),
            [Situation.PlatformTenant] = new(PolicyAction.Watch, TimeSpan.FromDays(30)),
        },
        ReregisteredWatch = TimeSpan.FromDays(14),
        Guards = new GuardRules(Notable: true, LargeFrom: 50, Confidence: true),
        Brake = new BrakeRules(PerDay: 20, TimesMean: 5),
        Gate = new GateRules(
            MaxAge: TimeSpan.FromHours(24),
            MaxAgeInDoubt: TimeSpan.FromHours(1),
            Deadline: TimeSpan.FromSeconds(2),
            ReviewAfter: TimeSpan.FromDays(7),
            AllowNotMonitored: true,
            AllowNotApplicable: true),
        Budgets = new BudgetRules(Rdap: 60_000, DomainResearch: 10_000, Dns: 500_000),
        EarlyWarningDays = [30, 14, 3],
    };

    /// <summary>The rule of a situation.</summary>
    public SituationRule this[Situation situation] => Situations[situation];

    /// <summary>The policy as JSON: what a version keeps.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Reads a kept version. A situation that it does not know yet has its default.</summary>
    /// <exception cref="JsonException">It is not a policy; the message says where.</exception>
    public static GuardPolicy Parse(string json)
    {
        var read = JsonSerializer.Deserialize<GuardPolicy>(json, Json) ?? throw new JsonException("A policy is a JSON object, this is null.");
        var rules = new Dictionary<Situation, SituationRule>(Default.Situations);
        foreach (var (situation, rule) in read.Situations)
        {
            rules[situation] = rule;
        }

        return read with { Situations = rules };
    }

    /// <summary>Everything that is wrong with it, each with the field of <see cref="PolicyFields"/> that mends it; empty when it may be saved.</summary>
    public IReadOnlyList<PolicyProblem> Problems()
    {
        var problems = new List<PolicyProblem>();
        foreach (var situation in Enum.GetValues<Situation>())
        {
            if (!Situations.TryGetValue(situation, out var rule))
            {
                problems.Add(new(PolicyFields.ActionOf(situation), $"{situation} has no rule."));
                continue;
            }

            if (situation is not Situation.NotApplicable && rule.LookAgain is null)
            {
                problems.Add(new(PolicyFields.LookAgainOf(situation), $"{situation} has no time after which to look again."));
            }
            else if (rule.LookAgain is { } wait && (wait < TimeSpan.FromHours(1) || wait > TimeSpan.FromDays(90)))
            {
                problems.Add(new(PolicyFields.LookAgainOf(situation), $"{situation}: look again after 1 hour to 90 days, not {PolicyFields.Text(wait)}."));
            }
        }

        foreach (var situation in (ReadOnlySpan<Situation>)[Situation.Unknown, Situation.NotApplicable, Situation.PlatformTenant, Situation.Active])
        {
            if (Situations.TryGetValue(situation, out var rule) && rule.Action == PolicyAction.Unverify)
            {
                problems.Add(new(PolicyFields.ActionOf(situation), $"{situation} can never un-verify: it says nothing against the holder."));
            }
        }

        Add(problems, "guards.largeFrom", Guards.LargeFrom is null or (>= 2 and <= 1_000_000), "The guard for large domains begins at 2 to 1,000,000 addresses.");
        Add(problems, "brake.perDay", Brake.PerDay is >= 0 and <= 100_000, "The brake is 0 to 100,000 addresses a day.");
        Add(problems, "brake.timesMean", Brake.TimesMean is >= 1 and <= 100, "The brake is 1 to 100 times the daily mean.");
        Add(problems, "reregisteredWatch", ReregisteredWatch >= TimeSpan.FromDays(1) && ReregisteredWatch <= TimeSpan.FromDays(90), "A domain that changed hands is watched closely for 1 to 90 days.");
        Add(problems, "gate.maxAge", Gate.MaxAge >= TimeSpan.FromMinutes(1) && Gate.MaxAge <= TimeSpan.FromDays(7), "Evidence for the gate is 1 minute to 7 days old.");
        Add(problems, "gate.maxAgeInDoubt", Gate.MaxAgeInDoubt >= TimeSpan.FromMinutes(1) && Gate.MaxAgeInDoubt <= Gate.MaxAge, "Evidence in doubt is 1 minute old to as old as any evidence for the gate.");
        Add(problems, "gate.deadline", Gate.Deadline >= TimeSpan.FromMilliseconds(100) && Gate.Deadline <= TimeSpan.FromSeconds(10), "The gate answers within 0.1 to 10 seconds.");
        Add(problems, "gate.reviewAfter", Gate.ReviewAfter >= TimeSpan.FromHours(1) && Gate.ReviewAfter <= TimeSpan.FromDays(30), "Without a fresh answer the last state counts for 1 hour to 30 days.");
        Add(problems, "budgets.rdap", Budgets.Rdap >= 0, "A budget is 0 or more questions a day.");
        Add(problems, "budgets.domainResearch", Budgets.DomainResearch >= 0, "A budget is 0 or more questions a day.");
        Add(problems, "budgets.dns", Budgets.Dns >= 0, "A budget is 0 or more questions a day.");
        Add(problems, "earlyWarningDays", EarlyWarningDays.Count <= 5 && EarlyWarningDays.All(d => d is >= 1 and <= 90), "Early warnings go out on at most five days, 1 to 90 before the end of the term.");
        return problems;
    }

    private static void Add(List<PolicyProblem> problems, string field, bool isInOrder, string problem)
    {
        if (!isInOrder)
        {
            problems.Add(new(field, problem));
        }
    }
}
