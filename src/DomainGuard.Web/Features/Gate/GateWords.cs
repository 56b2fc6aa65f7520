using DomainGuard.Core.Policy;
using DomainGuard.Data.Gate;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Gate;

/// <summary>The words for the gate's answers: those of the API, and those of a person.</summary>
internal static class GateWords
{
    /// <summary>The lower-case word of the API, icon and colour.</summary>
    public static (string Text, string Icon, string Css) Of(GateDecision decision) => decision switch
    {
        GateDecision.Allow => ("allow", Glyphs.Check, "ok"),
        GateDecision.Review => ("review", Glyphs.Alert, "warn"),
        _ => ("deny", Glyphs.Close, "bad"),
    };

    /// <summary>The reason code of the API: snake case. Stable.</summary>
    public static string Code(GateReason reason) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(reason.ToString());

    /// <summary>What a person would be told.</summary>
    public static string Sentence(GateReason reason) => reason switch
    {
        GateReason.InOrder => "Nothing speaks against a recovery mail to this address.",
        GateReason.NotMonitored => "This address is not among those that the platform sent.",
        GateReason.NotApplicable => "The host of this address cannot be registered by anybody.",
        GateReason.AddressUnverified => "This address cannot be used to recover the account: it is un-verified.",
        GateReason.Overridden => "A person decided that the holder keeps this address, and the facts are no worse since.",
        GateReason.Dismissed => "A person found nothing in it, and the facts are no worse since.",
        GateReason.NotableDomain => "The domain is a notable one: the evidence is likelier wrong than that the name is gone. Staff are told.",
        GateReason.LargeDomain => "The domain holds very many addresses: a person decides on all of them. Staff are told.",
        GateReason.Confidence => "The policy wants to un-verify this address, on evidence that a second source does not confirm.",
        GateReason.CanaryFailed => "The policy wants to un-verify this address, on the word of a server that is known to lie just now.",
        GateReason.Braked => "The policy wants to un-verify this address; too many at once, so an administrator decides.",
        GateReason.DecisionPending => "The policy wants to un-verify this address; that could not be carried out in time.",
        GateReason.ChangeOfHandsSuspected => "The domain of this address may have changed hands.",
        GateReason.CaseNeedsReview => "A case about this address waits for a person.",
        GateReason.CaseSnoozed => "A case about this address was put aside until a date.",
        GateReason.CaseRecovered => "The domain is in order again, and nobody has closed the case yet.",
        GateReason.Contested => "The address was verified anew after its domain changed hands, with too little proof.",
        GateReason.NoRecentEvidence => "Nobody has answered for the domain for too long.",
        _ => "The installation only observes: it would have been refused.",
    };

    /// <summary>What the platform did.</summary>
    public static string Of(RecoveryAction action) => action switch
    {
        RecoveryAction.Sent => "sent",
        RecoveryAction.Withheld => "withheld",
        RecoveryAction.SteppedUp => "stepped up",
        RecoveryAction.Manual => "by hand",
        _ => "–, did not say",
    };

    /// <summary>A way in that remains.</summary>
    public static string Door(string alternative) => alternative switch
    {
        "verified_address" => "Another verified address of the account",
        "second_factor" => "The account's second factor",
        _ => "Manual recovery: always open",
    };
}
