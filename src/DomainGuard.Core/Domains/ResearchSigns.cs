namespace DomainGuard.Core.Domains;

/// <summary>What the status words of Fastly Domain Research and Domainr say (facts section 6), as bits.</summary>
[Flags]
internal enum ResearchSigns
{
    None = 0,

    /// <summary>"undelegated": not in DNS. Says nothing of the registration (facts 1.9).</summary>
    Undelegated = 1 << 0,

    /// <summary>"inactive": can be registered anew.</summary>
    Inactive = 1 << 1,

    /// <summary>"active", or a word that only a registered name has.</summary>
    Active = 1 << 2,

    /// <summary>Kept back: "disallowed", "claimed", "reserved", "dpml", "invalid".</summary>
    Reserved = 1 << 3,

    /// <summary>"parked".</summary>
    Parked = 1 << 4,

    /// <summary>"marketed", "transferable": offered for sale. "priced" alone is only an estimate of worth.</summary>
    Market = 1 << 5,

    /// <summary>"expiring".</summary>
    Expiring = 1 << 6,

    /// <summary>"deleting".</summary>
    Deleting = 1 << 7,
}

internal static class ResearchWords
{
    /// <summary>The signs of an answer; null when it could not find out: no known word, or "unknown" as the last and weightiest.</summary>
    public static ResearchSigns? Read(ResearchFacts facts)
    {
        var words = facts.Words;
        var signs = ResearchSigns.None;
        for (var i = 0; i < words.Count; i++)
        {
            signs |= SignOf(words[i]);
        }

        return words.Count == 0 || words[^1] == "unknown" || signs == ResearchSigns.None ? null : signs;
    }

    public static bool IsGone(this ResearchSigns signs) =>
        (signs & (ResearchSigns.Inactive | ResearchSigns.Active | ResearchSigns.Expiring | ResearchSigns.Deleting | ResearchSigns.Reserved))
        == ResearchSigns.Inactive;

    public static bool Has(this ResearchSigns signs, ResearchSigns any) => (signs & any) != 0;

    private static ResearchSigns SignOf(string word) => word switch
    {
        "active" => ResearchSigns.Active,
        "inactive" => ResearchSigns.Inactive,
        "undelegated" => ResearchSigns.Undelegated,
        "parked" => ResearchSigns.Active | ResearchSigns.Parked,
        "marketed" or "transferable" => ResearchSigns.Market,
        "expiring" => ResearchSigns.Expiring,
        "deleting" => ResearchSigns.Deleting,
        "disallowed" or "claimed" or "reserved" or "dpml" or "invalid" => ResearchSigns.Reserved,
        _ => ResearchSigns.None,
    };
}
