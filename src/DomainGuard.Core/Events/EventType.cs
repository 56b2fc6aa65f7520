namespace DomainGuard.Core.Events;

/// <summary>What is told to the platform and to other receivers (product section 10). Stored: never renumber.</summary>
public enum EventType
{
    /// <summary>An address was un-verified: send nothing to it that gives access.</summary>
    AddressUnverified = 1,

    /// <summary>An address is verified again.</summary>
    AddressRestored = 2,

    /// <summary>What is concluded of a change of hands became worse, or surer, for one address.</summary>
    AddressHandsChanged = 3,

    /// <summary>A domain's term ends in 30, 14 or 3 days: its holders can still renew.</summary>
    DomainExpiring = 4,

    /// <summary>A domain stands elsewhere in its life.</summary>
    DomainPhaseChanged = 5,

    /// <summary>A finding opened a case.</summary>
    CaseOpened = 6,

    /// <summary>A case was taken up again: worse facts, a date that was reached, a verification that proves too little.</summary>
    CaseReopened = 7,

    /// <summary>A person decided a case.</summary>
    CaseDecided = 8,

    /// <summary>A scan ended.</summary>
    ScanEnded = 9,

    /// <summary>Un-verifications wait behind the brake for an administrator.</summary>
    BatchBraked = 10,

    /// <summary>A checkpoint of the audit trail was made: whoever keeps it notices when the trail is cut.</summary>
    AuditCheckpoint = 11,

    /// <summary>A person asked whether a receiver hears us.</summary>
    WebhookTest = 12,
}

/// <summary>The names of <see cref="EventType"/> on the wire: dotted, as Standard Webhooks has them.</summary>
public static class EventTypes
{
    private static readonly Dictionary<EventType, string> Names = new()
    {
        [EventType.AddressUnverified] = "address.unverified",
        [EventType.AddressRestored] = "address.restored",
        [EventType.AddressHandsChanged] = "address.hands_changed",
        [EventType.DomainExpiring] = "domain.expiring",
        [EventType.DomainPhaseChanged] = "domain.phase_changed",
        [EventType.CaseOpened] = "case.opened",
        [EventType.CaseReopened] = "case.reopened",
        [EventType.CaseDecided] = "case.decided",
        [EventType.ScanEnded] = "scan.ended",
        [EventType.BatchBraked] = "batch.braked",
        [EventType.AuditCheckpoint] = "audit.checkpoint",
        [EventType.WebhookTest] = "webhook.test",
    };

    /// <summary>Those that a receiver can choose, in the order of the screen.</summary>
    public static IReadOnlyList<EventType> Choosable { get; } = [.. Names.Keys.Where(t => t != EventType.WebhookTest)];

    /// <summary>Its name: "address.unverified".</summary>
    public static string Name(EventType type) => Names[type];

    /// <summary>The type of a name; null when there is none of that name, or none that can be chosen.</summary>
    public static EventType? Of(string name) => Choosable.Where(t => Names[t] == name).Select(t => (EventType?)t).FirstOrDefault();

    /// <summary>Types as bits, for a receiver's choice.</summary>
    public static int Bits(IEnumerable<EventType> types) => types.Aggregate(0, (bits, t) => bits | (1 << (int)t));

    /// <summary>True when a choice holds a type. A test reaches everybody.</summary>
    public static bool Holds(int bits, EventType type) => type == EventType.WebhookTest || (bits & (1 << (int)type)) != 0;
}
