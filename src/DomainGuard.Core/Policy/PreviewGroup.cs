namespace DomainGuard.Core.Policy;

/// <summary>What a change of the policy means for one address.</summary>
public enum PreviewGroup
{
    /// <summary>As before.</summary>
    Same = 0,

    /// <summary>It would be un-verified, and is not today.</summary>
    Unverified = 1,

    /// <summary>A person would look at it who does not today, or who decides instead of the policy.</summary>
    Review = 2,

    /// <summary>Nobody would act on it any more: an open case of it ends.</summary>
    Released = 3,
}

/// <summary>Sorts addresses by what a change of the policy means for them.</summary>
public static class PreviewGroups
{
    /// <summary>The group of an address, from its finding under both policies on the same evidence.</summary>
    /// <param name="before">Finding under the policy in force; null where nobody acts at all (observe-only).</param>
    /// <param name="after">Finding under the draft.</param>
    /// <param name="isUnverified">It is un-verified: a milder rule does not undo that, only its domain in order or a person does (product section 7).</param>
    public static PreviewGroup Of(PolicyAction? before, PolicyAction after, bool isUnverified)
    {
        var was = before ?? PolicyAction.Nothing;
        return (was, after) switch
        {
            _ when was == after => PreviewGroup.Same,
            (_, PolicyAction.Unverify) => isUnverified ? PreviewGroup.Same : PreviewGroup.Unverified,
            (_, PolicyAction.Review) => isUnverified ? PreviewGroup.Same : PreviewGroup.Review,
            ( >= PolicyAction.Review, _) => PreviewGroup.Released,
            _ => PreviewGroup.Same,
        };
    }
}
