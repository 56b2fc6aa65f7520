using DomainGuard.Core.Domains;
using static DomainGuard.Core.Tests.Domains.Sample;

namespace DomainGuard.Core.Tests.Domains;

/// <summary>Every combination of lifecycle words, term and TLD against the order of judgement as the facts sheet words it (section 2), written out a second time.</summary>
public class JudgementTableTests
{
    private static readonly string[] Words =
    [
        RdapStatuses.PendingRestore, RdapStatuses.RedemptionPeriod, RdapStatuses.PendingDelete, RdapStatuses.ClientHold,
        RdapStatuses.ServerHold, RdapStatuses.AutoRenewPeriod, RdapStatuses.ServerRenewProhibited, "client transfer prohibited",
    ];

    private static readonly int?[] DaysToExpiry = [null, -200, -95, -89, -10, 0, 5, 30, 31, 300];

    private static readonly string[] Tlds = ["com", "co.uk", "nl", "fr", "com.au", "com.br", "de", "id", "si", "io", "xx"];

    [Fact]
    public void Every_state_gives_the_phase_that_the_order_of_judgement_names()
    {
        var cases = 0;
        foreach (var tld in Tlds)
        {
            foreach (var days in DaysToExpiry)
            {
                for (var mask = 0; mask < 1 << Words.Length; mask++)
                {
                    var statuses = Words.Where((_, i) => (mask & (1 << i)) != 0).ToArray();
                    var facts = Registered(statuses) with { ExpiresAt = days is { } d ? Now.AddDays(d) : null };
                    var phase = Judge($"name.{tld}", Rdap(facts)).Phase;
                    Assert.True(
                        Expected(tld, statuses, days) == phase, $"{tld}, {days} days, [{string.Join(", ", statuses)}]: {phase}");
                    cases++;
                }
            }
        }

        Assert.Equal(11 * 10 * 256, cases);
    }

    [Fact]
    public void The_last_row_fits_everything() => Assert.Equal(new JudgementRow(RegistrationSigns.None, 0, Phase.Active), JudgementTable.Rows[^1]);

    [Fact]
    public void No_row_is_hidden_by_an_earlier_one()
    {
        for (var i = 0; i < JudgementTable.Rows.Length; i++)
        {
            var row = JudgementTable.Rows[i];
            for (var j = 0; j < i; j++)
            {
                var earlier = JudgementTable.Rows[j];
                Assert.False((row.Needs & earlier.Needs) == earlier.Needs && (row.Needs & earlier.Forbids) == 0 && (row.Forbids & earlier.Forbids) == earlier.Forbids
                    && row.Phase != earlier.Phase, $"row {i} is never reached because of row {j}");
            }
        }
    }

    private static Phase Expected(string tld, string[] statuses, int? days)
    {
        bool Has(string word) => Array.IndexOf(statuses, word) >= 0;
        if (Has("pending restore"))
        {
            return Phase.PendingRestore;
        }

        if (Has("redemption period"))
        {
            return Phase.Redemption;
        }

        if (Has("pending delete"))
        {
            return tld switch
            {
                "nl" or "fr" or "si" => Phase.Redemption,
                "co.uk" => days <= -90 ? Phase.PendingDelete : Phase.Redemption,
                "id" => days <= -65 ? Phase.PendingDelete : Phase.Redemption,
                _ => Phase.PendingDelete,
            };
        }

        if (tld == "com.au" && Has("server hold") && Has("server renew prohibited"))
        {
            return Phase.PendingDelete;
        }

        if (Has("client hold") || Has("server hold"))
        {
            return Phase.OnHold;
        }

        if (Has("auto renew period"))
        {
            return Phase.AutoRenewGrace;
        }

        return tld == "nl" ? Phase.Active : days switch
        {
            null => Phase.Active,
            <= 0 => Phase.Expired,
            <= 30 => Phase.ExpiringSoon,
            _ => Phase.Active,
        };
    }
}
