using DomainGuard.Core.Domains;

namespace DomainGuard.Core.Policy;

/// <summary>What another job would have done on the same evidence. Ordered: the strongest wins.</summary>
public enum ComparisonResult
{
    /// <summary>It asks a source that we have no answer from.</summary>
    NotKnown = 0,

    /// <summary>Nothing.</summary>
    Nothing = 1,

    /// <summary>A person would look at it.</summary>
    Review = 2,

    /// <summary>The address would be un-verified (PyPI), the account blocked (RubyGems).</summary>
    Act = 3,
}

/// <summary>
/// The rules of PyPI and RubyGems (facts section 6), for the columns beside a preview. Both ask Domain Research only, so without such an answer nothing is known of
/// what they would do. They are kept literal, with what is weak about them: that is what is compared with.
/// </summary>
public static class ComparisonRules
{
    /// <summary>RubyGems hands a run that would block more accounts than this to a person, and blocks nobody.</summary>
    public const int RubyGemsMostInARun = 20;

    /// <summary>PyPI un-verifies on any of five words, wherever it stands; also on "unknown", and on "undelegated" beside "active".</summary>
    /// <param name="research">The latest answer of Domain Research; null when there is none.</param>
    public static ComparisonResult PyPi(ResearchFacts? research) =>
        research is null ? ComparisonResult.NotKnown
        : research.Words.Any(w => w is "undelegated" or "inactive" or "expiring" or "deleting" or "unknown") ? ComparisonResult.Act
        : ComparisonResult.Nothing;

    /// <summary>Whether RubyGems would ask for the MX of an address at all: only when one of its four words stands.</summary>
    public static bool RubyGemsAsksForMail(ResearchFacts? research) => research?.Words.Any(w => w is "inactive" or "parked" or "expiring" or "deleting") == true;

    /// <summary>
    /// RubyGems acts on one of four words where the address's own host has no MX record besides; an MX look-up that fails goes to a person. An address record alone,
    /// to which mail flows too (RFC 5321 5.1), is no MX record to it; a null MX is one.
    /// </summary>
    /// <param name="research">The latest answer of Domain Research; null when there is none.</param>
    /// <param name="route">How mail reaches the host of the address.</param>
    public static ComparisonResult RubyGems(ResearchFacts? research, MailRoute route) =>
        research is null ? ComparisonResult.NotKnown
        : !RubyGemsAsksForMail(research) ? ComparisonResult.Nothing
        : route switch
        {
            MailRoute.None or MailRoute.ImplicitMx => ComparisonResult.Act,
            MailRoute.Unknown => ComparisonResult.Review,
            _ => ComparisonResult.Nothing,
        };

    /// <summary>What becomes of one account in a run of RubyGems that would block so many.</summary>
    public static ComparisonResult InRun(ComparisonResult one, long acting) =>
        one == ComparisonResult.Act && acting > RubyGemsMostInARun ? ComparisonResult.Review : one;
}
