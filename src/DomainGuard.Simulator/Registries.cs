namespace DomainGuard.Simulator;

/// <summary>How a registry's RDAP server writes.</summary>
internal enum Habit
{
    /// <summary>Names in upper case, thin, 404 without a body.</summary>
    Verisign,

    /// <summary>Handle redacted (RFC 9537), JSON 404, answers compressed.</summary>
    Pir,

    /// <summary>Plain gTLD.</summary>
    Plain,

    /// <summary>No dates, no registrar; in redemption no events at all.</summary>
    Denic,

    /// <summary>Name servers with a trailing dot; expiry stays in the past.</summary>
    Nominet,

    /// <summary>No expiry but for the release moment of a quarantined name.</summary>
    Sidn,

    /// <summary>On its last day a name has an event "deletion" and no redemption status.</summary>
    Afnic,

    /// <summary>Status "published"; a frozen name has a meagre record.</summary>
    RegistroBr,

    /// <summary>Registration and expiry redacted by policy (RFC 9537).</summary>
    Auda,

    /// <summary>Registration and expiry left out without a word (.ch, .li).</summary>
    NoDates,

    /// <summary>Expiry left out (.fi, .no).</summary>
    NoExpiry,

    /// <summary>Dates with an offset and fractions.</summary>
    Offset,
}

/// <summary>What a server suffers at an instant.</summary>
internal enum Trouble
{
    None,
    RateLimited,
    Unavailable,
    HtmlPage,

    /// <summary>Answers, but takes its time.</summary>
    Slow,

    /// <summary>Answers 404 for everything.</summary>
    Lies,
}

/// <summary>The registries of the pretend world: habits by TLD, and a calendar of troubles that repeats every thirty days.</summary>
internal static class Registries
{
    internal static Habit HabitOf(string tld) => tld switch
    {
        "com" or "net" => Habit.Verisign,
        "org" or "io" or "me" or "info" => Habit.Pir,
        "de" => Habit.Denic,
        "uk" => Habit.Nominet,
        "nl" => Habit.Sidn,
        "fr" => Habit.Afnic,
        "br" => Habit.RegistroBr,
        "au" => Habit.Auda,
        "ch" or "li" => Habit.NoDates,
        "fi" or "no" => Habit.NoExpiry,
        "to" or "ca" => Habit.Offset,
        _ => Habit.Plain,
    };

    /// <summary>Day zero itself is quiet, so that the first scan of a demonstration is complete.</summary>
    internal static Trouble TroubleOf(string tld, DateTimeOffset start, DateTimeOffset now)
    {
        var day = (now - start).TotalDays % 30;
        return tld switch
        {
            "uk" when day is >= 3 and < 3.5 => Trouble.Unavailable,
            "io" when day is >= 6 and < 7 => Trouble.Slow,
            "fr" when day is >= 9 and < 9.4 => Trouble.HtmlPage,
            "de" when day is >= 12 and < 13 => Trouble.Lies,
            "xyz" when day is >= 15 and < 16 => Trouble.Lies,
            "de" when day is >= 19 and < 19.3 => Trouble.RateLimited,
            "org" when day is >= 24 and < 24.25 => Trouble.Unavailable,
            _ => Trouble.None,
        };
    }
}
