using System.Globalization;
using System.Text;
using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Policy;

/// <summary>Domains that are alike in what decides how often they are looked up.</summary>
/// <param name="Phase">Phase.</param>
/// <param name="Flags">Flags.</param>
/// <param name="Confidence">Confidence of the phase.</param>
/// <param name="HandChange">Worst change of hands.</param>
/// <param name="HandChangeIsOld">The close watch after a change of hands is over.</param>
/// <param name="HasBackedOff">They have failed so often in a row that they are asked once a week or once a day.</param>
/// <param name="Count">How many.</param>
public sealed record DomainClass(Phase Phase, DomainFlags Flags, Confidence Confidence, HandChange HandChange, bool HandChangeIsOld, bool HasBackedOff, int Count);

/// <summary>One line of a sum: so many domains, each so often.</summary>
/// <param name="Situation">The situation that asks most often; null for the daily DNS sweep and for repeats.</param>
/// <param name="What">The line in words: "Active every 30 d", "Repeats (2 %)".</param>
/// <param name="Domains">How many domains.</param>
/// <param name="ADay">Questions a day.</param>
public sealed record BudgetLine(Situation? Situation, string What, long Domains, double ADay);

/// <summary>What one source is asked in a day, against its budget.</summary>
/// <param name="Source">The source.</param>
/// <param name="Allowed">Its budget, questions a day.</param>
/// <param name="Lines">The sum, largest first.</param>
public sealed record SourceOutlook(SourceKind Source, int Allowed, IReadOnlyList<BudgetLine> Lines)
{
    /// <summary>Questions a day that the cadence asks.</summary>
    public long Wanted => (long)Math.Ceiling(Lines.Sum(l => l.ADay) - 1e-6);

    /// <summary>The budget suffices.</summary>
    public bool Fits => Wanted <= Allowed;

    /// <summary>"62,400 RDAP questions a day wanted, 60,000 allowed: Active every 30 d = 60,000; ..."</summary>
    public string Sentence()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Wanted:N0} {Name(Source)} questions a day wanted, {Allowed:N0} allowed: ");
        text.AppendJoin("; ", Lines.Take(6).Select(l => string.Create(CultureInfo.InvariantCulture, $"{l.What} = {l.ADay:N0}")));
        if (Lines.Count > 6)
        {
            text.Append(CultureInfo.InvariantCulture, $"; {Lines.Count - 6} more = {Lines.Skip(6).Sum(l => l.ADay):N0}");
        }

        return text.Append('.').ToString();
    }

    private static string Name(SourceKind source) => source switch
    {
        SourceKind.Rdap => "RDAP",
        SourceKind.Dns => "DNS",
        _ => source.ToString(),
    };
}

/// <summary>Whether the budgets of a policy can meet its own cadence (product section 6).</summary>
public static class BudgetOutlook
{
    /// <summary>So many look-ups without an answer in a row and more mean that a name has backed off.</summary>
    public const int BackedOffFrom = 4;

    /// <summary>A scan is complete with so many of a hundred look-ups unanswered: they are asked again within the day.</summary>
    private const int RepeatedPercent = 2;

    /// <summary>The share of the cadence after which a check comes on the mean: <c>CheckSchedule</c> spreads them over its last tenth.</summary>
    private const double MeanSpread = 0.95;

    private const string Sweep = "DNS sweep every 1 d";

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);

    /// <summary>
    /// The sum per source. Every full check asks every enabled source once; the sweep asks DNS once a day for each domain besides. Checks are spread over the last
    /// tenth before they are due, so on the mean they come a twentieth sooner than the cadence says.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="domains">Watched domains by class.</param>
    /// <param name="enabled">The sources that are asked at all.</param>
    public static IReadOnlyList<SourceOutlook> Of(GuardPolicy policy, IEnumerable<DomainClass> domains, IEnumerable<SourceKind> enabled)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(domains);
        ArgumentNullException.ThrowIfNull(enabled);
        var checks = new Dictionary<(Situation Situation, TimeSpan Every), long>();
        long swept = 0;
        foreach (var group in domains)
        {
            if (Often(policy, group) is not { } often)
            {
                continue;
            }

            checks[often] = checks.GetValueOrDefault(often) + group.Count;
            swept += group.Count;
        }

        var lines = checks
            .Select(c => new BudgetLine(c.Key.Situation, $"{c.Key.Situation} every {Length(c.Key.Every)}", c.Value, c.Value * (Day / c.Key.Every) / MeanSpread))
            .OrderByDescending(l => l.ADay)
            .ToList();
        if (lines.Count > 0)
        {
            lines.Add(new BudgetLine(null, $"Repeats ({RepeatedPercent} %)", 0, lines.Sum(l => l.ADay) * RepeatedPercent / 100));
        }

        return [.. enabled.Select(source => new SourceOutlook(source, Budget(policy, source), source == SourceKind.Dns && swept > 0 ? [new BudgetLine(null, Sweep, swept, swept), .. lines] : lines))];
    }

    /// <summary>Questions a day that the policy allows a source.</summary>
    public static int Budget(GuardPolicy policy, SourceKind source)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return source switch
        {
            SourceKind.Rdap => policy.Budgets.Rdap,
            SourceKind.Dns => policy.Budgets.Dns,
            _ => policy.Budgets.DomainResearch,
        };
    }

    // A name that never answers is asked once a week in the end, one in danger once a day (CheckSchedule).
    private static (Situation Situation, TimeSpan Every)? Often(GuardPolicy policy, DomainClass group) =>
        PolicyCadence.Of(policy, group.Phase, group.Flags, group.Confidence, group.HandChange, group.HandChangeIsOld) is not { } often ? null
        : group.HasBackedOff ? (often.Situation, group.Phase == Phase.Unknown || often.Every > Day ? Week : Day)
        : often;

    private static string Length(TimeSpan span) =>
        span.Ticks % TimeSpan.TicksPerDay == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{span.Days} d")
            : string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0.##} h");
}
