using DomainGuard.Core.Events;
using DomainGuard.Data.Webhooks;
using DomainGuard.Web.Shared;

namespace DomainGuard.Web.Features.Webhooks;

/// <summary>The words of the screen for receivers and deliveries.</summary>
internal static class WebhookWords
{
    /// <summary>Where a receiver stands.</summary>
    public static (string Text, string Icon, string Css) Of(WebhookRow row, DateTimeOffset now) => row.State switch
    {
        WebhookState.Off => ("Switched off", Glyphs.Pause, "t3"),
        WebhookState.Gone => ("It wants no more", Glyphs.Stop, "bad"),
        WebhookState.Dead => ("Given up", Glyphs.Stop, "bad"),
        _ when row.RestUntil > now => ("Rests", Glyphs.Hourglass, "warn"),
        _ when row.FailuresInRow > 0 => ("Failing", Glyphs.Alert, "warn"),
        _ => ("On", Glyphs.CheckCircle, "ok"),
    };

    /// <summary>Why it stands there, and what to do.</summary>
    public static string? Advice(WebhookRow row, DateTimeOffset now) => row.State switch
    {
        WebhookState.Gone => "It answered 410 Gone, so it was switched off. Give it another address, or switch it on again.",
        WebhookState.Dead => "An event was tried ten times over three days and nothing else reached it meanwhile. Mend the receiver, switch it on again, and replay what it missed.",
        WebhookState.Off => "While it is switched off it is told nothing, also not later.",
        _ when row.RestUntil > now => "It asked to be left alone for a while.",
        _ when row.FailuresInRow > 0 => "It is tried one event at a time until it answers again.",
        _ => null,
    };

    /// <summary>Where a delivery stands.</summary>
    public static (string Text, string Icon, string Css) Of(DeliveryState state, int tries) => state switch
    {
        DeliveryState.Delivered => ("Delivered", Glyphs.Check, "ok"),
        DeliveryState.Dead => ("Dead letter", Glyphs.Close, "bad"),
        _ when tries > 0 => ("To be tried again", Glyphs.Rescan, "warn"),
        _ => ("Waiting", Glyphs.Clock, "t3"),
    };

    /// <summary>The form in words.</summary>
    public static string Of(WebhookFormat format) => format == WebhookFormat.SecurityEventToken ? "Security event tokens" : "Standard Webhooks";

    /// <summary>What a kind of event says.</summary>
    public static string Of(EventType type) => type switch
    {
        EventType.AddressUnverified => "an address was un-verified",
        EventType.AddressRestored => "an address is verified again",
        EventType.AddressHandsChanged => "a change of hands is suspected, or surer than before",
        EventType.DomainExpiring => "a domain's term ends in 30, 14 or 3 days",
        EventType.DomainPhaseChanged => "a domain stands elsewhere in its life",
        EventType.CaseOpened => "a finding opened a case",
        EventType.CaseReopened => "a case was taken up again",
        EventType.CaseDecided => "a person decided a case",
        EventType.ScanEnded => "a scan ended",
        EventType.BatchBraked => "a batch waits behind the brake",
        EventType.AuditCheckpoint => "a checkpoint of the audit trail",
        _ => "a test",
    };
}
