using System.Text.Json;
using DomainGuard.Core.Addresses;
using DomainGuard.Simulator;
using DomainGuard.Simulator.Scenarios;

namespace DomainGuard.Tests.Simulator;

public sealed class SampleAccountsTests
{
    private static readonly World World = new(2026, SimulatedLookups.Start);
    private static readonly List<SampleAccount> Accounts = [.. SampleAccounts.Enumerate(World)];

    private static EmailAddress Parse(string text)
    {
        Assert.True(EmailAddress.TryParse(text, PublicSuffixList.Shipped, out var address, out var error), $"{text}: {error}");
        return address;
    }

    [Fact]
    public void About_twelve_hundred_accounts_with_addresses_that_can_be_read()
    {
        Assert.InRange(Accounts.Count, 1_100, 1_300);
        Assert.Equal(Accounts.Count, Accounts.Select(a => a.AccountId).Distinct().Count());
        Assert.Equal(Accounts.Count, Accounts.Select(a => a.UserName).Distinct().Count());
        var addresses = Accounts.SelectMany(a => a.Addresses).Select(a => Parse(a.Email)).ToList();
        Assert.Equal(4, addresses.Count(a => !a.IsRegistrable));
        Assert.Contains(addresses, a => a.IsTenant);
        Assert.True(addresses.Count(a => a.IsRegistrable && a.MailHost != a.Domain) > 100);
        Assert.Contains(addresses, a => a.Domain == NamedDomains.International);
        Assert.Contains(addresses, a => a.LocalPart.Any(c => c > 127));
        Assert.All(Accounts, a => Assert.Single(a.Addresses, x => x.Primary));
        Assert.True(World.Names.ToHashSet().SetEquals(addresses.Where(a => a.IsRegistrable).Select(a => a.Domain)));
    }

    [Fact]
    public void Nobody_verified_an_address_before_the_name_was_registered_or_before_the_account_was_made()
    {
        foreach (var (account, address) in Accounts.SelectMany(a => a.Addresses.Select(x => (a, x))))
        {
            var email = Parse(address.Email);
            if (address.VerifiedAt is { } at && email.IsRegistrable)
            {
                Assert.True(World.Find(email.Domain)!.Steps[0].Life.RegisteredAt < at, $"{account.AccountId} verified {email.Domain} before it was registered");
                Assert.True(account.CreatedAt < at && at < World.Start && account.LastSeenAt <= World.Start, account.AccountId);
            }
        }
    }

    [Fact]
    public void Only_those_whose_name_was_caught_since_hold_an_address_of_another_registration()
    {
        var caught = World.Names.Where(n => World.Find(n) is { } d && d.At(World.Start) is { Stage: Stage.Live } s && s.Life.Handle != d.Steps[0].Life.Handle).ToHashSet();
        Assert.Contains(NamedDomains.TakenOver, caught);
        var victims = Accounts.SelectMany(a => a.Addresses).Where(a => a.VerifiedAt is not null).Select(a => (a, Parse(a.Email))).Where(x => x.Item2.IsRegistrable)
            .Where(x => World.Find(x.Item2.Domain)!.At(World.Start)!.Life is { Actor: null } life && life.RegisteredAt > x.a.VerifiedAt!.Value.AddHours(48))
            .ToList();
        Assert.True(victims.Select(v => v.Item2.Domain).ToHashSet().IsSubsetOf(caught));
        Assert.Contains(victims, v => v.Item2.Domain == NamedDomains.TakenOver);
        // And the new holder of that name has an account of his own, with which nothing is wrong.
        Assert.Contains(
            Accounts.SelectMany(a => a.Addresses),
            a => a.VerifiedAt > World.Start.AddDays(-13).UtcDateTime && Parse(a.Email).Domain == NamedDomains.TakenOver);
    }

    [Fact]
    public void Lines_are_the_records_in_the_words_of_the_import()
    {
        var lines = SampleAccounts.NdjsonLines(World).ToList();
        Assert.Equal(Accounts.Count, lines.Count);
        Assert.All(lines, l => Assert.DoesNotContain('\n', l));
        using var first = JsonDocument.Parse(lines[0]);
        Assert.Equal(
            ["accountId", "userName", "displayName", "createdAt", "lastSeenAt", "twoFactor", "privileged", "projects", "monthlyDownloads", "addresses"],
            first.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["email", "primary", "verifiedAt"], first.RootElement.GetProperty("addresses")[0].EnumerateObject().Select(p => p.Name));
        Assert.EndsWith("Z", first.RootElement.GetProperty("createdAt").GetString());
    }

    [Fact]
    public void Addresses_at_real_providers_are_recognisable_as_samples()
    {
        var real = Accounts.SelectMany(a => a.Addresses).Select(a => Parse(a.Email)).Where(a => NotableDomains.IsNotable(a.Domain)).ToList();
        Assert.NotEmpty(real);
        Assert.All(real, a => Assert.EndsWith(".sample-account", a.LocalPart));
    }
}
