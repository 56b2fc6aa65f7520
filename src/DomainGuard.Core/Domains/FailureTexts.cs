namespace DomainGuard.Core.Domains;

/// <summary>Failures in words.</summary>
internal static class FailureTexts
{
    /// <summary>What failed, and that it proves nothing.</summary>
    public static string NotEvidence(FailureKind failure) => failure switch
    {
        FailureKind.Timeout => "Did not answer in time: not evidence",
        FailureKind.RateLimited => "Asked us to slow down (429): not evidence",
        FailureKind.Blocked => "Refused us (wrong key, or blocked): not evidence",
        FailureKind.ServerError => "Had an error of its own: not evidence",
        FailureKind.BadAnswer => "Gave an answer that cannot be read: not evidence",
        FailureKind.WrongName => "Answered for another name: not evidence",
        FailureKind.Network => "Could not be reached: not evidence",
        FailureKind.TooLarge => "Gave an answer that is too large: not evidence",
        FailureKind.RedirectRefused => "Redirected to where we do not follow: not evidence",
        FailureKind.AddressRefused => "Has an address that we do not contact: not evidence",
        FailureKind.LaneRested => "Was not asked, because its lane rests: not evidence",
        FailureKind.BudgetSpent => "Was not asked, because the budget of the day is spent: not evidence",
        FailureKind.Untrusted => "Answers for names that do not exist, or denies one that does: not evidence",
        FailureKind.Refused => "Did not accept the question: not evidence",
        _ => "Gave no usable answer: not evidence",
    };
}
