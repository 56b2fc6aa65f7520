namespace DomainGuard.Core.Audit;

/// <summary>What was done. Names stand in the audit trail for ever and are hashed: never rename, never renumber, only add.</summary>
public enum AuditAction
{
    /// <summary>A case was opened by a finding.</summary>
    CaseOpened = 1,

    /// <summary>A closed or waiting case was reopened by worse facts or by a date that was reached.</summary>
    CaseReopened = 2,

    /// <summary>Un-verified by a person.</summary>
    CaseUnverified = 3,

    /// <summary>An un-verification was confirmed by a person.</summary>
    CaseConfirmed = 4,

    /// <summary>The holder may keep the address until a date, whatever the facts unless they become worse.</summary>
    CaseOverridden = 5,

    /// <summary>An override was ended by a person, or its date was reached.</summary>
    OverrideEnded = 6,

    /// <summary>A finding was dismissed.</summary>
    CaseDismissed = 7,

    /// <summary>A case waits until a date or until worse.</summary>
    CaseSnoozed = 8,

    /// <summary>A snoozed case was woken.</summary>
    CaseWoken = 9,

    /// <summary>An address was given back after its domain was in order again.</summary>
    CaseRestored = 10,

    /// <summary>The facts are in order again.</summary>
    CaseRecovered = 11,

    /// <summary>A decision was taken back by whom made it.</summary>
    DecisionUndone = 12,

    /// <summary>A case was given to somebody.</summary>
    CaseAssigned = 13,

    /// <summary>A comment was added.</summary>
    CommentAdded = 14,

    /// <summary>A dismissed case was taken up again by a person.</summary>
    CaseReopenedByPerson = 15,

    /// <summary>The owner verified the address anew while it is in dispute.</summary>
    VerificationContested = 16,

    /// <summary>An address was un-verified by the policy.</summary>
    AddressUnverified = 20,

    /// <summary>An address was verified again.</summary>
    AddressRestored = 21,

    /// <summary>A portion waits behind the brake.</summary>
    BatchBraked = 30,

    /// <summary>All or some of a batch were approved.</summary>
    BatchApproved = 31,

    /// <summary>None of a batch was approved.</summary>
    BatchRefused = 32,

    /// <summary>A change that needs a second person was proposed.</summary>
    ChangeProposed = 33,

    /// <summary>A proposed change was refused by a second person, or taken back by whom proposed it.</summary>
    ChangeRefused = 34,

    /// <summary>A scan began.</summary>
    ScanStarted = 40,

    /// <summary>A scan ended.</summary>
    ScanEnded = 41,

    /// <summary>A scan was paused, resumed or cancelled.</summary>
    ScanControlled = 42,

    /// <summary>A new version of the policy is in force.</summary>
    PolicySaved = 50,

    /// <summary>A setting of the installation was changed.</summary>
    SettingChanged = 51,

    /// <summary>A file was taken in.</summary>
    ImportMerged = 52,

    /// <summary>The clock of a demonstration was moved.</summary>
    ClockAdvanced = 53,

    /// <summary>A person let a compared file be taken in.</summary>
    ImportConfirmed = 54,

    /// <summary>An account was retired because the platform said so of it alone.</summary>
    AccountRetired = 55,

    /// <summary>A person signed in.</summary>
    SignedIn = 60,

    /// <summary>A sign-in failed.</summary>
    SignInFailed = 61,

    /// <summary>A person signed out.</summary>
    SignedOut = 62,

    /// <summary>A member of staff was invited.</summary>
    StaffInvited = 63,

    /// <summary>A member of staff joined.</summary>
    StaffJoined = 64,

    /// <summary>Roles, lock or second factor of a member of staff changed.</summary>
    StaffChanged = 65,

    /// <summary>A member of staff was removed.</summary>
    StaffRemoved = 66,

    /// <summary>An export was made.</summary>
    ExportMade = 70,

    /// <summary>The chain was verified.</summary>
    ChainVerified = 71,

    /// <summary>The file of an export was fetched.</summary>
    ExportDownloaded = 72,

    /// <summary>A checkpoint was made because somebody asked for one.</summary>
    CheckpointMade = 73,

    /// <summary>The platform was told not to send.</summary>
    GateDenied = 80,

    /// <summary>A key of the API was made.</summary>
    KeyCreated = 90,

    /// <summary>A key of the API was replaced by a new one.</summary>
    KeyRotated = 91,

    /// <summary>A key of the API was taken back.</summary>
    KeyRevoked = 92,

    /// <summary>A receiver of events was added.</summary>
    WebhookCreated = 100,

    /// <summary>Address, choice, state or secret of a receiver changed.</summary>
    WebhookChanged = 101,

    /// <summary>A receiver was removed.</summary>
    WebhookRemoved = 102,

    /// <summary>Events are sent to a receiver once more.</summary>
    WebhookReplayed = 103,
}
