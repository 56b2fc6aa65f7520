using System.Globalization;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Policy;

/// <summary>The words of the screen for the words of the policy.</summary>
internal static class PolicyWords
{
    /// <summary>Rows of the table in the order of the page: phases by danger, hands, the rest.</summary>
    public static IReadOnlyList<Situation> Rows { get; } =
    [
        Situation.Active, Situation.ExpiringSoon, Situation.Expired, Situation.ExpiredAndMoved, Situation.AutoRenewGrace, Situation.AutoRenewGraceAndMoved, Situation.OnHold, Situation.Undelegated,
        Situation.Redemption, Situation.PendingRestore, Situation.PendingDelete, Situation.Released, Situation.Reregistered, Situation.Suspected, Situation.Parked, Situation.ForSale, Situation.Sinkholed,
        Situation.DanglingMx, Situation.Conflicting, Situation.PlatformTenant, Situation.Unknown, Situation.NotApplicable,
    ];

    public static (string Text, string Icon, string Css) Of(PolicyAction action) => action switch
    {
        PolicyAction.Watch => ("Watch", Glyphs.Clock, "info"),
        PolicyAction.Review => ("Review", Glyphs.Eye, "warn"),
        PolicyAction.Unverify => ("Unverify", Glyphs.Unverified, "bad"),
        _ => ("Nothing", Glyphs.Minus, "t3"),
    };

    public static string Of(Situation situation) => situation switch
    {
        Situation.ExpiredAndMoved => "Expired, and moved",
        Situation.AutoRenewGraceAndMoved => "Auto-renew grace, and moved",
        Situation.DanglingMx => "Dangling MX",
        Situation.ForSale => "For sale",
        Situation.PlatformTenant => "Platform tenant",
        _ when PhaseOf(situation) is { } phase => Words.Of(phase).Text,
        _ => situation.ToString(),
    };

    /// <summary>The phase that a row is of; null for the rows of hands and flags.</summary>
    public static Phase? PhaseOf(Situation situation) => situation switch
    {
        Situation.Active => Phase.Active,
        Situation.ExpiringSoon => Phase.ExpiringSoon,
        Situation.Expired or Situation.ExpiredAndMoved => Phase.Expired,
        Situation.AutoRenewGrace or Situation.AutoRenewGraceAndMoved => Phase.AutoRenewGrace,
        Situation.OnHold => Phase.OnHold,
        Situation.Redemption => Phase.Redemption,
        Situation.PendingRestore => Phase.PendingRestore,
        Situation.PendingDelete => Phase.PendingDelete,
        Situation.Released => Phase.Released,
        Situation.Unknown => Phase.Unknown,
        Situation.NotApplicable => Phase.NotApplicable,
        _ => null,
    };

    public static string Of(Guard guard) => guard switch
    {
        Guard.Override => "Address under an override",
        Guard.Notable => "Notable domain",
        Guard.Large => "Large domain",
        Guard.Confidence => "Not corroborated",
        Guard.Canary => "Canary failed",
        Guard.Brake => "Brake",
        Guard.ObserveOnly => "Observe-only",
        _ => "None",
    };

    public static (string Text, string Icon, string Css) Of(ComparisonResult result) => result switch
    {
        ComparisonResult.Act => ("Act", Glyphs.Unverified, "bad"),
        ComparisonResult.Review => ("Review", Glyphs.Eye, "warn"),
        ComparisonResult.Nothing => ("Nothing", Glyphs.Minus, "t3"),
        _ => ("–", "", "t3"),
    };

    /// <summary>A field of <see cref="PolicyFields"/> as people call it.</summary>
    public static string Field(string field)
    {
        var dot = field.IndexOf('.', StringComparison.Ordinal);
        if (dot > 0 && Enum.TryParse<Situation>(field[..dot], out var situation))
        {
            return field.EndsWith(".action", StringComparison.Ordinal) ? $"{Of(situation)}: policy wants" : $"{Of(situation)}: look again every";
        }

        return field switch
        {
            "reregisteredWatch" => "Close watch after a change of hands",
            "guards.notable" => "Guard: notable domain",
            "guards.largeFrom" => "Guard: large domain from",
            "guards.confidence" => "Guard: not corroborated",
            "brake.perDay" => "Brake: addresses in 24 hours",
            "brake.timesMean" => "Brake: times the daily mean",
            "gate.maxAge" => "Gate: oldest evidence, Active",
            "gate.maxAgeInDoubt" => "Gate: oldest evidence, else",
            "gate.deadline" => "Gate: answers within",
            "gate.reviewAfter" => "Gate: last state counts for",
            "gate.allowNotMonitored" => "Gate: allow addresses not monitored",
            "gate.allowNotApplicable" => "Gate: allow addresses not applicable",
            "budgets.rdap" => "Budget: RDAP a day",
            "budgets.domainResearch" => "Budget: Fastly and Domainr, each, a day",
            "budgets.dns" => "Budget: DNS a day",
            "earlyWarningDays" => "Early warning days",
            _ => field,
        };
    }

    /// <summary>The text of a field as people read it.</summary>
    public static string Value(string field, string text) =>
        text == PolicyFields.Off ? (field.EndsWith(".lookAgain", StringComparison.Ordinal) ? "never" : "off")
        : PolicyFields.Span(text) is { } span ? Length(span)
        : field.StartsWith("budgets.", StringComparison.Ordinal) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Words.Count(number)
        : field == "earlyWarningDays" ? text.Replace(",", ", ", StringComparison.Ordinal)
        : text;

    /// <summary>"30 days", "12 h", "2 s".</summary>
    public static string Length(TimeSpan span) => span.Ticks % TimeSpan.TicksPerDay == 0 && span != TimeSpan.Zero ? Words.Count(span.Days, "day") : Words.Length(span);
}
