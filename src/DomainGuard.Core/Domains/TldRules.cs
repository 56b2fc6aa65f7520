using System.Collections.Frozen;

namespace DomainGuard.Core.Domains;

/// <summary>The rules of all TLDs (facts section 5). A TLD without a row follows ICANN's life cycle; one of two letters is not assumed to keep its lengths.</summary>
public static class TldRules
{
    /// <summary>ICANN's life cycle (facts section 2): 0 to 45 days of auto-renew grace, 30 of redemption, 5 of pending delete.</summary>
    public static TldRule Generic { get; } = GenericLife("");

    /// <summary>A country-code TLD without a row: the words as in EPP, lengths not known.</summary>
    public static TldRule Country { get; } = new() { Tld = "", Note = "The lengths of this registry's stages are not known." };

    private static readonly FrozenDictionary<string, TldRule> Rules = Rows().ToFrozenDictionary(r => r.Tld, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, TldRule>.AlternateLookup<ReadOnlySpan<char>> ByLabel =
        Rules.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Every row, in no order.</summary>
    public static IEnumerable<TldRule> All => Rules.Values;

    /// <summary>The rule of a TLD.</summary>
    /// <param name="tld">A-label, lower case, no dot.</param>
    public static TldRule For(string tld) => For(tld.AsSpan());

    /// <summary>The rule of the TLD of a domain.</summary>
    /// <param name="domain">A-labels, lower case, no trailing dot.</param>
    public static TldRule ForDomain(string domain) => For(domain.AsSpan(domain.LastIndexOf('.') + 1));

    private static TldRule For(ReadOnlySpan<char> tld) =>
        ByLabel.TryGetValue(tld, out var rule) ? rule : tld.Length == 2 ? Country : Generic;

    private static TldRule GenericLife(string tld) =>
        new() { Tld = tld, GraceDaysMin = 0, GraceDaysMax = 45, RedemptionDays = 30, FinalDaysMin = 5, FinalDaysMax = 5 };

    private static IEnumerable<TldRule> Rows()
    {
        yield return new()
        {
            Tld = "uk",
            PendingDeleteIsRecoverable = true,
            RecoverableUntilDay = 90,
            CountsFromExpiry = true,
            GraceDaysMin = 30,
            GraceDaysMax = 30,
            RedemptionDays = 60,
            FinalDaysMin = 5,
            FinalDaysMax = 5,
            Note = "Works for 30 days after expiry, is suspended until day 90 and renewable all that time; lost from day 90, free on day 95.",
        };
        yield return new()
        {
            Tld = "de",
            Rdap = RdapService.Override,
            HidesRegistration = true,
            HidesExpiry = true,
            RedemptionDays = 30,
            Note = "Has no term. After a deletion only the last holder can take it back for 30 days; it is freed at a random moment of day 31.",
        };
        foreach (var tld in (string[])["fr", "re", "pm", "tf", "wf", "yt"])
        {
            yield return new()
            {
                Tld = tld,
                PendingDeleteIsRecoverable = true,
                LastDayShowsDeletionOnly = true,
                GraceDaysMin = 0,
                GraceDaysMax = 45,
                RedemptionDays = 30,
                Note = "\"pending delete\" is the 30-day redemption: only its holder can take it back.",
            };
        }

        yield return new()
        {
            Tld = "nl",
            HidesExpiry = true,
            ExpiryIsRelease = true,
            PendingDeleteIsRecoverable = true,
            RedemptionDays = 40,
            Note = "\"pending delete\" at this registry means quarantine: 40 days out of the zone, only the last holder can take it back.",
        };
        yield return new()
        {
            Tld = "eu",
            Rdap = RdapService.None,
            HidesRegistration = true,
            HidesExpiry = true,
            PendingDeleteIsRecoverable = true,
            GraceDaysMin = 0,
            GraceDaysMax = 0,
            RedemptionDays = 40,
            Note = "No grace: 40 days of quarantine out of the zone, recoverable.",
        };
        yield return new()
        {
            Tld = "be",
            Rdap = RdapService.None,
            HidesExpiry = true,
            PendingDeleteIsRecoverable = true,
            RedemptionDays = 40,
            Note = "40 days of quarantine, recoverable.",
        };
        yield return new()
        {
            Tld = "it",
            Rdap = RdapService.None,
            CountsFromExpiry = true,
            GraceDaysMin = 15,
            GraceDaysMax = 15,
            RedemptionDays = 30,
            FinalDaysMin = 0,
            FinalDaysMax = 5,
            Note = "Works for 15 days after expiry, is suspended for 30, then freed within 5.",
        };
        foreach (var tld in (string[])["ch", "li"])
        {
            yield return new()
            {
                Tld = tld,
                Rdap = RdapService.Override,
                HidesRegistration = true,
                HidesExpiry = true,
                PendingDeleteIsRecoverable = true,
                RedemptionDays = 40,
                Note = "Recoverable for 40 days after the deletion.",
            };
        }

        yield return new()
        {
            Tld = "jp",
            Rdap = RdapService.None,
            RedemptionDays = 20,
            FinalDaysMin = 8,
            FinalDaysMax = 11,
            Note = "After a deletion it is suspended from the 1st for a month and can be restored from the 1st to the 20th.",
        };
        yield return new()
        {
            Tld = "au",
            HidesRegistration = true,
            HidesExpiry = true,
            PurgeListByRenewProhibited = true,
            HoldIsGrace = true,
            GraceDaysMin = 30,
            GraceDaysMax = 30,
            RedemptionDays = 0,
            FinalDaysMin = 1,
            FinalDaysMax = 1,
            Note = "30 days out of the zone, renewable, then one day on the purge list.",
        };
        yield return new()
        {
            Tld = "br",
            MeagreRecordMeansRelease = true,
            GraceDaysMin = 90,
            GraceDaysMax = 90,
            RedemptionDays = 0,
            FinalDaysMin = 0,
            FinalDaysMax = 120,
            Note = "Frozen for about 90 days, out of the zone, renewable; freed in a release process a few times a year.",
        };
        yield return Deactivated("se", 0);
        yield return Deactivated("nu", 7);
        foreach (var tld in (string[])["ru", "xn--p1ai"])
        {
            yield return new()
            {
                Tld = tld,
                Rdap = RdapService.None,
                GraceDaysMin = 0,
                GraceDaysMax = 0,
                RedemptionDays = 30,
                FinalDaysMax = 1,
                Note = "About 30 days in which its holder renews first, not delegated, then free on the announced date.",
            };
        }

        yield return new()
        {
            Tld = "cn",
            Rdap = RdapService.None,
            GraceDaysMin = 0,
            GraceDaysMax = 45,
            RedemptionDays = 15,
            FinalDaysMax = 5,
            Note = "About 45 days of auto-renew grace, 15 of redemption.",
        };
        yield return new()
        {
            Tld = "ca",
            GraceDaysMin = 0,
            GraceDaysMax = 40,
            RedemptionDays = 30,
            FinalDaysMin = 0,
            FinalDaysMax = 7,
            Note = "40 days of grace, 30 of redemption, then freed in a weekly session.",
        };
        foreach (var tld in (string[])["io", "sh", "ac", "me", "us", "co"])
        {
            yield return GenericLife(tld) with { Rdap = RdapService.Override };
        }

        yield return GenericLife("ai") with
        {
            MigratedOn = new DateOnly(2017, 12, 16),
            Note = "Old names carry the date of a registry migration as their registration date.",
        };
        yield return new() { Tld = "so", Rdap = RdapService.Override };
        yield return new() { Tld = "fi", HidesExpiry = true };
        yield return new() { Tld = "no", HidesExpiry = true, Note = "The registry publishes no status and no expiry." };
        yield return new() { Tld = "si", PendingDeleteIsRecoverable = true, Note = "\"pending delete\" is its quarantine." };
        yield return new()
        {
            Tld = "id",
            PendingDeleteIsRecoverable = true,
            RecoverableUntilDay = 65,
            CountsFromExpiry = true,
            GraceDaysMin = 35,
            GraceDaysMax = 35,
            RedemptionDays = 30,
            FinalDaysMin = 7,
            FinalDaysMax = 7,
            Note = "35 days of auto-renew grace, 30 of recoverable \"pending delete\", 7 final.",
        };
        yield return new() { Tld = "es", Rdap = RdapService.None, Note = "Registrars must cancel about 12 days before expiry." };
        foreach (var tld in (string[])["dk", "at", "gg"])
        {
            yield return Country with { Tld = tld, Rdap = RdapService.None };
        }
    }

    private static TldRule Deactivated(string tld, int finalDays) => new()
    {
        Tld = tld,
        Rdap = RdapService.None,
        GraceDaysMin = 10,
        GraceDaysMax = 10,
        RedemptionDays = 60,
        FinalDaysMax = finalDays,
        Note = "About 10 days online after expiry, then deactivated for about 60, then released.",
    };
}
