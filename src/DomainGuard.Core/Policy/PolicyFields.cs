using System.Collections.Frozen;
using System.Globalization;

namespace DomainGuard.Core.Policy;

/// <summary>Something that is wrong with a policy.</summary>
/// <param name="Field">The field of <see cref="PolicyFields"/> that mends it.</param>
/// <param name="Text">What is wrong, in words.</param>
public sealed record PolicyProblem(string Field, string Text);

/// <summary>A field in which two policies differ.</summary>
/// <param name="Field">Its name.</param>
/// <param name="Before">Its text in the one.</param>
/// <param name="After">Its text in the other.</param>
public sealed record PolicyChange(string Field, string Before, string After);

/// <summary>
/// The policy as a flat list of named texts: what the editor changes, what a draft in the address of the page holds, what the audit trail says of a change. Names and
/// texts stand in the audit trail for ever: never rename. Lengths of time are a whole number and a unit: 30d, 12h, 90m, 2s, 500ms.
/// </summary>
public static class PolicyFields
{
    /// <summary>A guard that is switched off, a situation that is never looked at again.</summary>
    public const string Off = "off";

    private const string On = "on";

    private static readonly Field[] Table = [.. Situations(), .. Others()];
    private static readonly FrozenDictionary<string, Field> ByName = Table.ToFrozenDictionary(f => f.Name, StringComparer.Ordinal);

    /// <summary>All names, in the order of the page.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Table.Select(f => f.Name)];

    /// <summary>The field with the action of a situation.</summary>
    public static string ActionOf(Situation situation) => $"{situation}.action";

    /// <summary>The field with the cadence of a situation.</summary>
    public static string LookAgainOf(Situation situation) => $"{situation}.lookAgain";

    /// <summary>The text of a field.</summary>
    /// <exception cref="KeyNotFoundException">There is no such field.</exception>
    public static string Get(GuardPolicy policy, string field) => ByName[field].Read(policy);

    /// <summary>The policy with one field changed; null when there is no such field or the text is none for it. What is out of bounds is for <see cref="GuardPolicy.Problems"/> to say.</summary>
    public static GuardPolicy? With(GuardPolicy policy, string field, string text) => ByName.TryGetValue(field, out var known) ? known.Write(policy, text.Trim()) : null;

    /// <summary>What differs, in the order of the page.</summary>
    public static IReadOnlyList<PolicyChange> Changes(GuardPolicy before, GuardPolicy after) =>
        [.. Table.Select(f => new PolicyChange(f.Name, f.Read(before), f.Read(after))).Where(c => c.Before != c.After)];

    /// <summary>The differences of a draft as one text for an address: <c>OnHold.action:Unverify;brake.perDay:40</c>.</summary>
    public static string WriteDraft(GuardPolicy before, GuardPolicy draft) => string.Join(';', Changes(before, draft).Select(c => $"{c.Field}:{c.After}"));

    /// <summary>Reads <see cref="WriteDraft"/>; parts that are not understood are left out and named.</summary>
    public static (GuardPolicy Draft, IReadOnlyList<string> Unknown) ReadDraft(GuardPolicy before, string? text)
    {
        var (draft, unknown) = (before, new List<string>());
        foreach (var part in (text ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && With(draft, part[..colon], part[(colon + 1)..]) is { } changed)
            {
                draft = changed;
            }
            else
            {
                unknown.Add(part.Length > 80 ? part[..80] : part);
            }
        }

        return (draft, unknown);
    }

    /// <summary>A length of time in its largest unit that needs no fraction.</summary>
    public static string Text(TimeSpan span) => span switch
    {
        _ when span != TimeSpan.Zero && span.Ticks % TimeSpan.TicksPerDay == 0 => Text(span.Ticks / TimeSpan.TicksPerDay) + "d",
        _ when span != TimeSpan.Zero && span.Ticks % TimeSpan.TicksPerHour == 0 => Text(span.Ticks / TimeSpan.TicksPerHour) + "h",
        _ when span != TimeSpan.Zero && span.Ticks % TimeSpan.TicksPerMinute == 0 => Text(span.Ticks / TimeSpan.TicksPerMinute) + "m",
        _ when span.Ticks % TimeSpan.TicksPerSecond == 0 => Text(span.Ticks / TimeSpan.TicksPerSecond) + "s",
        _ => Text(span.Ticks / TimeSpan.TicksPerMillisecond) + "ms",
    };

    /// <summary>Reads <see cref="Text(TimeSpan)"/>; null when it is none, or longer than ten years.</summary>
    public static TimeSpan? Span(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0 || !int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        var unit = text[digits..] switch
        {
            "d" => TimeSpan.TicksPerDay,
            "h" => TimeSpan.TicksPerHour,
            "m" => TimeSpan.TicksPerMinute,
            "s" => TimeSpan.TicksPerSecond,
            "ms" => TimeSpan.TicksPerMillisecond,
            _ => 0,
        };
        return unit == 0 || number > TimeSpan.TicksPerDay * 3_650 / unit ? null : TimeSpan.FromTicks(number * unit);
    }

    private static IEnumerable<Field> Situations()
    {
        foreach (var situation in Enum.GetValues<Situation>())
        {
            yield return new(
                ActionOf(situation),
                p => p[situation].Action.ToString(),
                (p, text) => Enum.TryParse<PolicyAction>(text, out var action) && Enum.IsDefined(action) && char.IsAsciiLetter(text[0]) ? Put(p, situation, p[situation] with { Action = action }) : null);
            yield return new(
                LookAgainOf(situation),
                p => p[situation].LookAgain is { } span ? Text(span) : Off,
                (p, text) => text == Off ? Put(p, situation, p[situation] with { LookAgain = null }) : Span(text) is { } span ? Put(p, situation, p[situation] with { LookAgain = span }) : null);
        }
    }

    private static IEnumerable<Field> Others() =>
    [
        OfSpan("reregisteredWatch", p => p.ReregisteredWatch, (p, v) => p with { ReregisteredWatch = v }),
        OfBool("guards.notable", p => p.Guards.Notable, (p, v) => p with { Guards = p.Guards with { Notable = v } }),
        new(
            "guards.largeFrom",
            p => p.Guards.LargeFrom is { } from ? Text(from) : Off,
            (p, text) => text == Off ? p with { Guards = p.Guards with { LargeFrom = null } } : Number(text) is { } from ? p with { Guards = p.Guards with { LargeFrom = from } } : null),
        OfBool("guards.confidence", p => p.Guards.Confidence, (p, v) => p with { Guards = p.Guards with { Confidence = v } }),
        OfNumber("brake.perDay", p => p.Brake.PerDay, (p, v) => p with { Brake = p.Brake with { PerDay = v } }),
        new(
            "brake.timesMean",
            p => p.Brake.TimesMean.ToString("R", CultureInfo.InvariantCulture),
            (p, text) => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var times) && double.IsFinite(times) ? p with { Brake = p.Brake with { TimesMean = times } } : null),
        OfSpan("gate.maxAge", p => p.Gate.MaxAge, (p, v) => p with { Gate = p.Gate with { MaxAge = v } }),
        OfSpan("gate.maxAgeInDoubt", p => p.Gate.MaxAgeInDoubt, (p, v) => p with { Gate = p.Gate with { MaxAgeInDoubt = v } }),
        OfSpan("gate.deadline", p => p.Gate.Deadline, (p, v) => p with { Gate = p.Gate with { Deadline = v } }),
        OfSpan("gate.reviewAfter", p => p.Gate.ReviewAfter, (p, v) => p with { Gate = p.Gate with { ReviewAfter = v } }),
        OfBool("gate.allowNotMonitored", p => p.Gate.AllowNotMonitored, (p, v) => p with { Gate = p.Gate with { AllowNotMonitored = v } }),
        OfBool("gate.allowNotApplicable", p => p.Gate.AllowNotApplicable, (p, v) => p with { Gate = p.Gate with { AllowNotApplicable = v } }),
        OfNumber("budgets.rdap", p => p.Budgets.Rdap, (p, v) => p with { Budgets = p.Budgets with { Rdap = v } }),
        OfNumber("budgets.domainResearch", p => p.Budgets.DomainResearch, (p, v) => p with { Budgets = p.Budgets with { DomainResearch = v } }),
        OfNumber("budgets.dns", p => p.Budgets.Dns, (p, v) => p with { Budgets = p.Budgets with { Dns = v } }),
        new(
            "earlyWarningDays",
            p => p.EarlyWarningDays.Count == 0 ? Off : string.Join(',', p.EarlyWarningDays.Select(d => Text(d))),
            (p, text) => Days(text) is { } days ? p with { EarlyWarningDays = days } : null),
    ];

    private static Field OfSpan(string name, Func<GuardPolicy, TimeSpan> read, Func<GuardPolicy, TimeSpan, GuardPolicy> write) =>
        new(name, p => Text(read(p)), (p, text) => Span(text) is { } span ? write(p, span) : null);

    private static Field OfBool(string name, Func<GuardPolicy, bool> read, Func<GuardPolicy, bool, GuardPolicy> write) =>
        new(name, p => read(p) ? On : Off, (p, text) => text is On or Off ? write(p, text == On) : null);

    private static Field OfNumber(string name, Func<GuardPolicy, int> read, Func<GuardPolicy, int, GuardPolicy> write) =>
        new(name, p => Text(read(p)), (p, text) => Number(text) is { } number ? write(p, number) : null);

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static IReadOnlyList<int>? Days(string text)
    {
        if (text == Off)
        {
            return [];
        }

        var days = text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(Number).ToList();
        return days.Count == 0 || days.Contains(null) ? null : [.. days.Select(d => d!.Value).Distinct().OrderDescending()];
    }

    private static GuardPolicy Put(GuardPolicy policy, Situation situation, SituationRule rule) =>
        policy with { Situations = new Dictionary<Situation, SituationRule>(policy.Situations) { [situation] = rule } };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private sealed record Field(string Name, Func<GuardPolicy, string> Read, Func<GuardPolicy, string, GuardPolicy?> Write);
}
