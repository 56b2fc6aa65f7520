using DomainGuard.Core.Cases;
using DomainGuard.Core.Policy;

namespace DomainGuard.Web.Shared;

/// <summary>The words of the screen for cases and decisions.</summary>
internal static class CaseWords
{
    public static (string Text, string Icon, string Colour) Of(CaseState state) => state switch
    {
        CaseState.NeedsReview => ("Needs review", Glyphs.Eye, "--info"),
        CaseState.Snoozed => ("Snoozed", Glyphs.Moon, "--text-2"),
        CaseState.Unverified => ("Unverified", Glyphs.Unverified, "--bad"),
        CaseState.Confirmed => ("Confirmed", Glyphs.Lock, "--text-2"),
        CaseState.Overridden => ("Overridden", Glyphs.ShieldClock, "--warn"),
        CaseState.Dismissed => ("Dismissed", Glyphs.Close, "--text-3"),
        CaseState.Recovered => ("Recovered", Glyphs.Return, "--ok"),
        _ => ("Restored", Glyphs.Verified, "--ok"),
    };

    public static (string Text, string Css, int Bars) Of(Severity severity) => severity switch
    {
        Severity.Critical => ("Critical", "critical", 4),
        Severity.High => ("High", "high", 3),
        Severity.Medium => ("Medium", "medium", 2),
        _ => ("Low", "low", 1),
    };

    /// <summary>What a decision is called on its button.</summary>
    public static string Verb(CaseEvent what) => what switch
    {
        CaseEvent.Unverify => "Unverify",
        CaseEvent.Confirm => "Confirm",
        CaseEvent.Override => "Override until",
        CaseEvent.EndOverride => "End override",
        CaseEvent.Dismiss => "Dismiss",
        CaseEvent.Snooze => "Snooze",
        CaseEvent.Wake => "Wake",
        CaseEvent.Restore => "Restore",
        CaseEvent.Reopen => "Reopen",
        _ => what.ToString(),
    };

    /// <summary>The same before what it is done to: "Override", before "3 cases".</summary>
    public static string Act(CaseEvent what) => what == CaseEvent.Override ? "Override" : Verb(what);

    /// <summary>What was done, after who did it: "Jonas T. overrode it".</summary>
    public static string Past(CaseEvent what) => what switch
    {
        CaseEvent.Unverify => "un-verified it",
        CaseEvent.Confirm => "confirmed it",
        CaseEvent.Override => "overrode it",
        CaseEvent.EndOverride => "ended the override",
        CaseEvent.Dismiss => "dismissed it",
        CaseEvent.Snooze => "put it aside",
        CaseEvent.Wake => "woke it",
        CaseEvent.Restore => "restored it",
        CaseEvent.Reopen => "reopened it",
        CaseEvent.FindingReview or CaseEvent.WorseReview => "asked for a review",
        CaseEvent.FindingUnverify or CaseEvent.WorseUnverify => "un-verified it",
        CaseEvent.FindingGone => "found it in order again",
        CaseEvent.DateReached => "reached the date; a finding is left",
        CaseEvent.DateReachedInOrder => "reached the date; in order",
        CaseEvent.OwnerReverified => "verified the address anew",
        _ => "verified the address anew, with too little proof",
    };

    /// <summary>What became of many: "confirmed", after "3 cases".</summary>
    public static string Participle(CaseEvent what) => what switch
    {
        CaseEvent.Unverify => "un-verified",
        CaseEvent.Confirm => "confirmed",
        CaseEvent.Override => "overridden",
        CaseEvent.EndOverride => "put back to review",
        CaseEvent.Dismiss => "dismissed",
        CaseEvent.Snooze => "snoozed",
        CaseEvent.Wake => "woken",
        CaseEvent.Restore => "restored",
        _ => "reopened",
    };

    /// <summary>Past of a state that a colleague brought it to: "overrode this case".</summary>
    public static string Past(CaseState state) => state switch
    {
        CaseState.NeedsReview => "put this case back to review",
        CaseState.Snoozed => "snoozed this case",
        CaseState.Unverified => "un-verified this case",
        CaseState.Confirmed => "confirmed this case",
        CaseState.Overridden => "overrode this case",
        CaseState.Dismissed => "dismissed this case",
        CaseState.Recovered => "found this case in order",
        _ => "restored this case",
    };

    public static string Of(ReasonCode reason) => reason switch
    {
        ReasonCode.DomainLapsed => "Domain lapsed",
        ReasonCode.ChangedHands => "Changed hands",
        ReasonCode.OwnerConfirmed => "Owner confirmed",
        ReasonCode.RenewalSeen => "Renewal seen",
        ReasonCode.FalsePositive => "False positive",
        ReasonCode.Duplicate => "Duplicate",
        ReasonCode.AccountClosed => "Account closed",
        ReasonCode.Undone => "Undone",
        _ => "Other",
    };

    /// <summary>The reasons that a person may give.</summary>
    public static IReadOnlyList<ReasonCode> Reasons { get; } = [.. Enum.GetValues<ReasonCode>().Where(r => r != ReasonCode.Undone)];

    /// <summary>The reason that the facts suggest for a decision: what the form begins with.</summary>
    public static ReasonCode Suggested(CaseEvent what, CaseLook look) => what switch
    {
        CaseEvent.Override => look.Situation is Situation.PendingRestore or Situation.Active ? ReasonCode.RenewalSeen : ReasonCode.OwnerConfirmed,
        CaseEvent.Dismiss => ReasonCode.FalsePositive,
        CaseEvent.Restore => ReasonCode.RenewalSeen,
        _ when look.Situation is Situation.Reregistered or Situation.Suspected => ReasonCode.ChangedHands,
        CaseEvent.Snooze when look.Situation == Situation.PendingRestore => ReasonCode.RenewalSeen,
        _ => ReasonCode.DomainLapsed,
    };

    /// <summary>"22", "140 k", "2.2 M": for columns; the exact number stands in the tooltip.</summary>
    public static string Short(long n) => n switch
    {
        >= 999_500 => (n / 1e6).ToString(n >= 9_950_000 ? "0" : "0.#", System.Globalization.CultureInfo.InvariantCulture) + " M",
        >= 1_000 => (n / 1e3).ToString(n >= 9_950 ? "0" : "0.#", System.Globalization.CultureInfo.InvariantCulture) + " k",
        _ => n.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
