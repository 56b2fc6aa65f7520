namespace DomainGuard.Core.Cases;

/// <summary>Where a case stands (product section 7). Stored: never renumber.</summary>
public enum CaseState
{
    /// <summary>A person has to look.</summary>
    NeedsReview = 0,

    /// <summary>Put aside until a date or until worse.</summary>
    Snoozed = 1,

    /// <summary>The address is un-verified; nobody has confirmed it yet.</summary>
    Unverified = 2,

    /// <summary>A person agreed that the address stays un-verified.</summary>
    Confirmed = 3,

    /// <summary>A person lets the holder keep the address until a date, or until worse.</summary>
    Overridden = 4,

    /// <summary>A person found that there is nothing in it.</summary>
    Dismissed = 5,

    /// <summary>The facts are in order again.</summary>
    Recovered = 6,

    /// <summary>The address was given back.</summary>
    Restored = 7,
}

/// <summary>What can happen to a case.</summary>
public enum CaseEvent
{
    /// <summary>A person un-verifies.</summary>
    Unverify,

    /// <summary>A person confirms the un-verification.</summary>
    Confirm,

    /// <summary>A person overrides until a date.</summary>
    Override,

    /// <summary>A person ends an override.</summary>
    EndOverride,

    /// <summary>A person dismisses.</summary>
    Dismiss,

    /// <summary>A person puts it aside until a date.</summary>
    Snooze,

    /// <summary>A person takes it up again.</summary>
    Wake,

    /// <summary>A person gives the address back.</summary>
    Restore,

    /// <summary>A person takes a dismissed case up again.</summary>
    Reopen,

    /// <summary>The machine: a finding that a person should see, no worse than before.</summary>
    FindingReview,

    /// <summary>The machine: the same, and the facts became worse.</summary>
    WorseReview,

    /// <summary>The machine: a finding that un-verifies, all guards passed, no worse than before.</summary>
    FindingUnverify,

    /// <summary>The machine: the same, and the facts became worse.</summary>
    WorseUnverify,

    /// <summary>The machine: same holder and in order.</summary>
    FindingGone,

    /// <summary>The machine: the date of an override or snooze is reached while a finding is left.</summary>
    DateReached,

    /// <summary>The machine: the date is reached and nothing is left.</summary>
    DateReachedInOrder,

    /// <summary>The owner verified the address anew, and that is accepted.</summary>
    OwnerReverified,

    /// <summary>The owner verified the address anew, and that proves too little after a change of hands.</summary>
    Contested,
}

/// <summary>Why a person decided so. Stored and in the API by name: never rename.</summary>
public enum ReasonCode
{
    /// <summary>The domain lapsed.</summary>
    DomainLapsed = 0,

    /// <summary>The domain changed hands.</summary>
    ChangedHands = 1,

    /// <summary>The owner confirmed who he is.</summary>
    OwnerConfirmed = 2,

    /// <summary>A renewal was seen.</summary>
    RenewalSeen = 3,

    /// <summary>The evidence was wrong.</summary>
    FalsePositive = 4,

    /// <summary>The same is worked on elsewhere.</summary>
    Duplicate = 5,

    /// <summary>The account is closed.</summary>
    AccountClosed = 6,

    /// <summary>A decision was taken back.</summary>
    Undone = 7,

    /// <summary>Something else, said in the comment.</summary>
    Other = 8,
}

/// <summary>How urgent a case is. Ordered: later is worse. Stored: never renumber.</summary>
public enum Severity
{
    /// <summary>Low.</summary>
    Low = 0,

    /// <summary>Medium.</summary>
    Medium = 1,

    /// <summary>High.</summary>
    High = 2,

    /// <summary>Critical.</summary>
    Critical = 3,
}
