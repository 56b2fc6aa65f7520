using System.Text.Json;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Domains;
using DomainGuard.Data.Imports;
using DomainGuard.Data.Providers;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Imports;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Imports;

/// <summary>What a file does to what we hold, from the file to the rows.</summary>
public sealed class ImportTests
{
    public static TheoryData<DatabaseProvider> Providers => ImportWorld.Providers;

    private const string Three = """
        1,a@example.com,true,2024-01-01T00:00:00Z,2023-01-01T00:00:00Z,Ada,100
        1,a@mail.example.org,false,,2023-01-01T00:00:00Z,Ada,100
        2,b@example.com,true,2025-01-01T00:00:00Z,2022-01-01T00:00:00Z,,
        3,c@[192.0.2.1],true,,,Čárka,

        """;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_domain_is_looked_up_for_an_address_that_came_after_its_last_look_and_kept_in_its_place_else(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        string[] names = ["example.com", "example.net", "example.org"];
        await world.ImportAsync(string.Concat(names.Select((n, i) => $"{i + 1},a@{n},true,,,,\n")));
        var due = world.Clock.Now.AddDays(30);
        await SetAsync(world.Clock.Now, due);
        world.Clock.Time += TimeSpan.FromDays(1);

        // Nothing new: each keeps its place, with a whole list and with a part of it.
        foreach (var isPartial in new[] { false, true })
        {
            await world.ImportAsync(string.Concat(names.Select((n, i) => $"{i + 1},a@{n},true,,,,\n")), r => r with { IsPartial = isPartial });
            foreach (var name in names)
            {
                Assert.Equal(due, (await world.DomainAsync(name)).NextCheckAt);
            }
        }

        // Somebody new at two of them, one a provider: a person judges that as a whole.
        await using (var db = await world.Dbs.CreateDbContextAsync(TestContext.Current.CancellationToken))
        {
            await db.Domains.Where(d => d.Name == "example.net").ExecuteUpdateAsync(s => s.SetProperty(d => d.Flags, DomainFlags.Notable), TestContext.Current.CancellationToken);
        }

        await world.ImportAsync("8,b@example.com,true,,,,\n9,b@example.net,true,,,,\n", r => r with { IsPartial = true });
        Assert.Equal((world.Clock.Now, due, due), ((await world.DomainAsync("example.com")).NextCheckAt!.Value, (await world.DomainAsync("example.net")).NextCheckAt!.Value, (await world.DomainAsync("example.org")).NextCheckAt!.Value));
        Assert.Equal(2, (await world.DomainAsync("example.com")).AddressCount);

        // Tried since, it waits as its failures say, whatever lists come.
        world.Clock.Time += TimeSpan.FromHours(1);
        await SetAsync(world.Clock.Now, due);
        await world.ImportAsync("8,b@example.com,true,,,,\n", r => r with { IsPartial = true });
        Assert.Equal(due, (await world.DomainAsync("example.com")).NextCheckAt);

        async Task SetAsync(DateTimeOffset tried, DateTimeOffset next)
        {
            await using var db = await world.Dbs.CreateDbContextAsync(TestContext.Current.CancellationToken);
            await db.Domains.ExecuteUpdateAsync(s => s.SetProperty(d => d.LastTriedAt, tried).SetProperty(d => d.NextCheckAt, next), TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Takes_accounts_addresses_domains_and_mail_hosts_in(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        var import = await world.ImportAsync(Three);

        Assert.Equal((ImportStatus.Completed, 4, 3, 0, 0, 0, 0), (import.Status, import.Rows, import.NewAccounts, import.ChangedAccounts, import.UnchangedAccounts, import.GoneAccounts, import.Rejected));
        var (ada, third) = (await world.AccountAsync("1"), await world.AccountAsync("3"));
        Assert.Equal(("Ada", "ada", 2, 100L), (ada.UserName, ada.SortName, ada.AddressCount, ada.Projects));
        Assert.Equal("čárka", third.SortName);
        Assert.Equal("2", (await world.AccountAsync("2")).SortName);
        Assert.True(ada.Impact > third.Impact);

        var com = await world.DomainAsync("example.com");
        Assert.Equal(
            (WatchedFor.Addresses, 2, ada.Impact, 3, "com", Phase.Unknown, world.Clock.Now), (com.WatchedFor, com.AddressCount, com.MaxImpact, com.Priority, com.Tld, com.Phase, com.NextCheckAt));
        Assert.Equal(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero), com.EarliestTrustAt);
        // Without "verified at" the account's creation is when trust began.
        Assert.Equal(new DateTimeOffset(2023, 1, 1, 0, 0, 0, TimeSpan.Zero), (await world.DomainAsync("example.org")).EarliestTrustAt);
        var literal = await world.DomainAsync("[192.0.2.1]");
        Assert.Equal((Phase.NotApplicable, "", null, null, 1), (literal.Phase, literal.Tld, literal.NextCheckAt, literal.NextSweepAt, literal.AddressCount));
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal(["example.com", "mail.example.org"], await db.MailHosts.OrderBy(h => h.Name).Select(h => h.Name).ToListAsync());
        Assert.Equal(await db.Addresses.CountAsync(), await db.Addresses.Select(a => a.Id).Distinct().CountAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task An_id_of_any_letters_is_an_account_of_its_own(DatabaseProvider provider)
    {
        string[] ids = ["a\"b", "a\\b", "a/b", "a'b", "Žluťoučký", "名前", "🔑", "x\u2028y", "%", "A", "a", "null", "1", "01", "<&>"];
        await using var world = await ImportWorld.CreateAsync(provider);

        var import = await world.ImportAsync(string.Concat(ids.Select((id, i) => $$$"""{"accountId":{{{JsonSerializer.Serialize(id)}}},"addresses":[{"email":"a@d{{{i}}}.com"},{"email":"b@d{{{i}}}.com"}]}""" + "\n")), format: ImportFormat.Ndjson);

        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.Equal((ImportStatus.Completed, ids.Length, 0), (import.Status, import.NewAccounts, import.Rejected));
        Assert.Equal(ids.Order(StringComparer.Ordinal), (await db.Accounts.Select(a => a.ExternalId).ToListAsync()).Order(StringComparer.Ordinal));
        foreach (var (i, id) in ids.Index())
        {
            Assert.Equal([$"a@d{i}.com", $"b@d{i}.com"], await db.Addresses.Where(a => a.Account!.ExternalId == id).OrderBy(a => a.Email).Select(a => a.Email).ToListAsync());
        }
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task The_same_file_twice_changes_no_row(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        await world.ImportAsync(Three);
        var before = await world.DumpAsync();
        world.Clock.Time += TimeSpan.FromDays(1);

        var again = await world.ImportAsync(Three);
        Assert.Equal((0, 0, 3, 0), (again.NewAccounts, again.ChangedAccounts, again.UnchangedAccounts, again.GoneAccounts));
        Assert.Equal(before, await world.DumpAsync());
        Assert.Equal(3, (await world.ImportAsync(Three, r => r with { IsPartial = true })).UnchangedAccounts);
        Assert.Equal(before, await world.DumpAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Changes_what_differs_and_nothing_else(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        await world.ImportAsync(Three);
        var untouched = await world.AccountAsync("3");
        world.Clock.Time += TimeSpan.FromHours(1);

        var import = await world.ImportAsync("""
            1,a@example.com,true,2024-01-01T00:00:00Z,2023-01-01T00:00:00Z,Ada,100000
            2,b@example.com,true,2025-01-01T00:00:00Z,2022-01-01T00:00:00Z,,
            2,new@example.net,false,,2022-01-01T00:00:00Z,,
            3,c@[192.0.2.1],true,,,Čárka,

            """);

        Assert.Equal((0, 2, 1, 0), (import.NewAccounts, import.ChangedAccounts, import.UnchangedAccounts, import.GoneAccounts));
        var (ada, second) = (await world.AccountAsync("1"), await world.AccountAsync("2"));
        Assert.Equal((100_000L, 1, 1), (ada.Projects, ada.AddressCount, ada.Version));
        Assert.Equal((2, world.Clock.Now), (second.AddressCount, second.ChangedAt));
        Assert.Equal((untouched.Version, untouched.ChangedAt), ((await world.AccountAsync("3")).Version, (await world.AccountAsync("3")).ChangedAt));
        Assert.Equal(world.Clock.Now, (await world.AddressAsync("a@mail.example.org")).RetiredAt);
        var org = await world.DomainAsync("example.org");
        Assert.Equal((WatchedFor.None, 0, null), (org.WatchedFor, org.AddressCount, org.NextCheckAt));
        Assert.Equal(ada.Impact, (await world.DomainAsync("example.com")).MaxImpact);
        Assert.Equal((1, world.Clock.Now), ((await world.DomainAsync("example.net")).AddressCount, (await world.AddressAsync("new@example.net")).BaselineFrom));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task More_than_a_tenth_gone_is_refused_until_it_is_allowed(DatabaseProvider provider)
    {
        static string Rows(int count) => string.Concat(Enumerable.Range(0, count).Select(i => $"{i},a@d{i}.example.com,true,,,,\n"));
        await using var world = await ImportWorld.CreateAsync(provider);
        await world.ImportAsync(Rows(20));
        var before = await world.DumpAsync();

        var refused = await world.ImportAsync(Rows(17));
        Assert.Equal((ImportStatus.Refused, 3), (refused.Status, refused.GoneAccounts));
        Assert.Contains("If they really are gone, allow that", refused.Problem, StringComparison.Ordinal);
        Assert.Equal(before, await world.DumpAsync());
        Assert.Equal(ImportStatus.Completed, (await world.ImportAsync(Rows(17), r => r with { IsPartial = true })).Status);
        Assert.Equal(before, await world.DumpAsync());

        Assert.Equal(ImportStatus.Completed, (await world.ImportAsync(Rows(18))).Status);
        Assert.Equal(ImportStatus.Completed, (await world.ImportAsync(Rows(1), r => r with { AllowRemovals = true })).Status);
        var gone = await world.AccountAsync("19");
        Assert.Equal((world.Clock.Now, 0), (gone.RetiredAt, gone.AddressCount));
        Assert.Equal(1, (await world.DomainAsync("example.com")).AddressCount);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Who_comes_back_keeps_baseline_and_state(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        await world.ImportAsync(Three);
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            await db.Addresses.Where(a => a.Email == "a@example.com").ExecuteUpdateAsync(s => s.SetProperty(a => a.State, AddressState.Unverified).SetProperty(a => a.HandChange, HandChange.Reregistered));
        }

        var first = await world.AddressAsync("a@example.com");
        world.Clock.Time += TimeSpan.FromDays(40);
        await world.ImportAsync("9,z@example.net,true,,,,\n", r => r with { AllowRemovals = true });
        Assert.NotNull((await world.AddressAsync("a@example.com")).RetiredAt);
        Assert.Equal((0, WatchedFor.None), ((await world.DomainAsync("example.com")).AddressCount, (await world.DomainAsync("example.com")).WatchedFor));
        world.Clock.Time += TimeSpan.FromDays(40);

        var back = await world.ImportAsync(Three, r => r with { AllowRemovals = true });
        Assert.Equal((0, 3, 1), (back.NewAccounts, back.ChangedAccounts, back.GoneAccounts));
        var again = await world.AddressAsync("a@example.com");
        Assert.Equal((first.Id, first.BaselineFrom, first.VerifiedAt, AddressState.Unverified, HandChange.Reregistered, null), (again.Id, again.BaselineFrom, again.VerifiedAt, again.State, again.HandChange, again.RetiredAt));
        Assert.Equal((null, 2), ((await world.AccountAsync("1")).RetiredAt, (await world.AccountAsync("1")).AddressCount));
        var com = await world.DomainAsync("example.com");
        Assert.Equal((WatchedFor.Addresses, 2, world.Clock.Now), (com.WatchedFor, com.AddressCount, com.NextCheckAt));
    }

    [Fact]
    public async Task Rows_that_speak_against_each_other_are_rejected_naming_the_first_line_and_never_the_address()
    {
        await using var world = await ImportWorld.CreateAsync();
        var import = await world.ImportAsync("""
            1,ada@example.com,true,,,Ada,
            2,b@example.com,true,,,,
            1,ada@EXAMPLE.com,false,,,Ada,
            1,ada2@example.com,false,,,Eve,
            1,ada3@example.com,true,,,Ada,

            """);

        Assert.Equal((ImportStatus.Refused, 3, 2), (import.Status, import.Rejected, import.NewAccounts));
        Assert.Equal(
            [(4, "email", "repeats line 2 for the same account"), (5, "user_name", "says something else than line 2 does of the same account"), (6, "primary", "is a second primary address; the first is in line 2")],
            (await world.RejectionsAsync(import)).Select(r => (r.Line, r.Field, r.Reason)));
        Assert.Equal("", await world.DumpAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_is_rejected_is_not_gone(DatabaseProvider provider)
    {
        await using var world = await ImportWorld.CreateAsync(provider);
        await world.ImportAsync(Three);

        // Account 1: one of two rows is bad. Account 2: its only row is bad. Account 3 is really gone.
        var import = await world.ImportAsync("""
            1,a@example.com,true,2024-01-01T00:00:00Z,2023-01-01T00:00:00Z,Ada,7
            1,a@mail.example.org,false,soon,2023-01-01T00:00:00Z,Ada,7
            2,b@example.com,maybe,2025-01-01T00:00:00Z,2022-01-01T00:00:00Z,,
            4,d@example.com,true,,,,

            """,
            r => r with { KeepGood = true, AllowRemovals = true });

        Assert.Equal((ImportStatus.Completed, 2, 1, 1, 1), (import.Status, import.Rejected, import.NewAccounts, import.ChangedAccounts, import.GoneAccounts));
        Assert.Equal((7L, 2, null), ((await world.AccountAsync("1")).Projects, (await world.AccountAsync("1")).AddressCount, (await world.AddressAsync("a@mail.example.org")).RetiredAt));
        Assert.Null((await world.AccountAsync("2")).RetiredAt);
        Assert.NotNull((await world.AccountAsync("3")).RetiredAt);
    }

    [Fact]
    public async Task Nobody_is_gone_while_a_rejected_row_could_be_anybodys()
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync(Three);

        var import = await world.ImportAsync("1,a@example.com,true,2024-01-01T00:00:00Z,2023-01-01T00:00:00Z,Ada,100\n,x@example.com,true,,,,\n", r => r with { KeepGood = true, AllowRemovals = true });

        Assert.Equal((ImportStatus.Completed, 1, 0, 0), (import.Status, import.Rejected, import.GoneAccounts, import.ChangedAccounts));
        await using var db = await world.Dbs.CreateDbContextAsync();
        Assert.False(await db.Accounts.AnyAsync(a => a.RetiredAt != null) || await db.Addresses.AnyAsync(a => a.RetiredAt != null));
    }

    [Fact]
    public async Task A_part_of_the_list_keeps_what_it_does_not_say_and_one_primary_address()
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync(Three);

        await world.ImportAsync("1,second@example.net,true,,,,\n", r => r with { IsPartial = true });

        var ada = await world.AccountAsync("1");
        Assert.Equal(("Ada", 100L, 3), (ada.UserName, ada.Projects, ada.AddressCount));
        Assert.Equal((true, false), ((await world.AddressAsync("second@example.net")).IsPrimary, (await world.AddressAsync("a@example.com")).IsPrimary));
    }

    /// <summary>Product sections 4.9 and 7: a newer verification moves trust only where the domain was looked up since and nothing is against its holder.</summary>
    [Theory]
    [InlineData(Phase.Active, HandChange.None, DomainFlags.None, Confidence.Corroborated, 0, true)]
    [InlineData(Phase.ExpiringSoon, HandChange.None, DomainFlags.Notable, Confidence.Single, 5, true)]
    [InlineData(Phase.Active, HandChange.None, DomainFlags.None, Confidence.Corroborated, -1, false)]
    [InlineData(Phase.Active, HandChange.Suspected, DomainFlags.None, Confidence.Corroborated, 5, false)]
    [InlineData(Phase.Active, HandChange.Reregistered, DomainFlags.None, Confidence.Corroborated, 5, false)]
    [InlineData(Phase.Active, HandChange.None, DomainFlags.Parked, Confidence.Corroborated, 5, false)]
    [InlineData(Phase.Active, HandChange.None, DomainFlags.None, Confidence.Conflicting, 5, false)]
    [InlineData(Phase.Redemption, HandChange.None, DomainFlags.None, Confidence.Corroborated, 5, false)]
    [InlineData(Phase.Unknown, HandChange.None, DomainFlags.None, Confidence.None, 5, false)]
    public async Task A_newer_verification_counts_only_where_the_domain_was_in_order_since(Phase phase, HandChange hands, DomainFlags flags, Confidence confidence, int answeredDaysAfter, bool counts)
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync("1,a@example.com,true,2024-01-01T00:00:00Z,,,\n");
        var first = await world.AddressAsync("a@example.com");
        var newer = new DateTimeOffset(2026, 3, 10, 0, 0, 0, TimeSpan.Zero);
        world.Clock.Time = newer.AddDays(10);
        await world.JudgeAsync("example.com", phase, newer.AddDays(answeredDaysAfter), hands, flags, confidence);

        var import = await world.ImportAsync("1,a@example.com,true,2026-03-10T00:00:00Z,,,\n");

        var address = await world.AddressAsync("a@example.com");
        Assert.Equal((1, 0), (import.ChangedAccounts, import.UnchangedAccounts));
        Assert.Equal(counts ? (newer, world.Clock.Now) : (first.VerifiedAt!.Value, first.BaselineFrom), (address.VerifiedAt!.Value, address.BaselineFrom));
        // Where it does not count the domain is looked up first, and its verdict decides; told again it changes nothing.
        Assert.Equal(counts ? (world.Clock.Now.AddDays(30), false) : (world.Clock.Now, true), ((await world.DomainAsync("example.com")).NextCheckAt!.Value, (await world.DomainAsync("example.com")).HasClaim));
        Assert.Equal(counts ? (ClaimState.None, null) : (ClaimState.Waiting, newer), (address.ClaimState, address.ClaimedAt));
        Assert.Equal(1, (await world.ImportAsync("1,a@example.com,true,2026-03-10T00:00:00Z,,,\n")).UnchangedAccounts);
    }

    [Fact]
    public async Task A_newer_verification_takes_no_baseline_while_a_case_waits()
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync("1,a@example.com,true,2024-01-01T00:00:00Z,,,\n");
        var first = await world.AddressAsync("a@example.com");
        var newer = new DateTimeOffset(2026, 3, 10, 0, 0, 0, TimeSpan.Zero);
        world.Clock.Time = newer.AddDays(10);
        await world.JudgeAsync("example.com", Phase.Active, newer.AddDays(5), HandChange.None, DomainFlags.None, Confidence.Corroborated);
        await using (var db = await world.Dbs.CreateDbContextAsync())
        {
            db.Cases.Add(new Case { Id = 1, AddressId = first.Id, AccountId = first.AccountId, DomainId = first.DomainId, State = CaseState.NeedsReview, IsOpen = true, OpenedAt = world.Clock.Now, StateSince = world.Clock.Now });
            await db.Domains.ExecuteUpdateAsync(s => s.SetProperty(d => d.HasCase, true));
            await db.SaveChangesAsync();
        }

        await world.ImportAsync("1,a@example.com,true,2026-03-10T00:00:00Z,,,\n");

        var address = await world.AddressAsync("a@example.com");
        Assert.Equal((first.VerifiedAt, first.BaselineFrom, ClaimState.Waiting, newer), (address.VerifiedAt, address.BaselineFrom, address.ClaimState, address.ClaimedAt!.Value));
    }

    [Fact]
    public async Task An_older_verification_is_taken_over_and_keeps_the_baseline()
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync("1,a@example.com,true,2024-01-01T00:00:00Z,,,\n");
        var first = await world.AddressAsync("a@example.com");
        world.Clock.Time += TimeSpan.FromDays(1);

        await world.ImportAsync("1,a@example.com,true,2023-01-01T00:00:00Z,,,\n");

        var address = await world.AddressAsync("a@example.com");
        Assert.Equal((new DateTimeOffset(2023, 1, 1, 0, 0, 0, TimeSpan.Zero), first.BaselineFrom), (address.VerifiedAt!.Value, address.BaselineFrom));
        Assert.Equal(address.VerifiedAt, (await world.DomainAsync("example.com")).EarliestTrustAt);
    }

    [Fact]
    public async Task A_dry_run_counts_and_writes_nothing()
    {
        await using var world = await ImportWorld.CreateAsync();
        var import = await world.ImportAsync(Three + "4,nobody,true,,,,\n", r => r with { IsDryRun = true });

        Assert.Equal((ImportStatus.Compared, true, 3, 1), (import.Status, import.IsDryRun, import.NewAccounts, import.Rejected));
        Assert.NotNull(import.EndedAt);
        Assert.Equal("", await world.DumpAsync());
        Assert.False(await world.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));
    }

    [Fact]
    public async Task A_person_confirms_what_is_rejected_and_gone_before_it_is_merged()
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync(Three);
        var import = await world.StageAsync("1,a@example.com,true,2024-01-01T00:00:00Z,2023-01-01T00:00:00Z,Ada,100\n9,nobody,true,,,,\n", r => r with { WaitsForPerson = true });
        Assert.Equal((ImportStatus.Compared, 1, 2), (import.Status, import.Rejected, import.GoneAccounts));

        var confirm = world.Get<ConfirmImport>();
        Assert.Contains("rejected", await confirm.ExecuteAsync(import.Id, People.Administrator, false, true, CancellationToken.None), StringComparison.Ordinal);
        Assert.Contains("10 %", await confirm.ExecuteAsync(import.Id, People.Administrator, true, false, CancellationToken.None), StringComparison.Ordinal);
        Assert.Null(await confirm.ExecuteAsync(import.Id, People.Administrator, true, true, CancellationToken.None));
        Assert.True(await world.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));
        Assert.NotNull((await world.AccountAsync("2")).RetiredAt);
        Assert.NotNull(await confirm.ExecuteAsync(import.Id, People.Administrator, true, true, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_not_confirmed_is_not_merged_whoever_asks()
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync(Three);
        var before = await world.DumpAsync();
        var import = await world.StageAsync("1,a@example.com,true,2024-01-01T00:00:00Z,2023-01-01T00:00:00Z,Ada,100\n", r => r with { WaitsForPerson = true });

        Assert.False(await world.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));
        Assert.Equal(ImportStatus.Refused, (await world.Get<ImportQueries>().FindAsync(import.Id, CancellationToken.None))!.Status);
        Assert.Equal(before, await world.DumpAsync());
    }

    [Fact]
    public async Task Rejections_are_all_counted_and_ten_thousand_kept()
    {
        await using var world = await ImportWorld.CreateAsync();
        var import = await world.ImportAsync(string.Concat(Enumerable.Range(0, 12_000).Select(i => $"{i},nobody,true,,,,\n")) + string.Concat(Enumerable.Repeat("x,a@example.com,,,,,\n", 6_000)));

        Assert.Equal((ImportStatus.Refused, 17_999), (import.Status, import.Rejected));
        Assert.Equal(10_000, (await world.RejectionsAsync(import)).Count);
    }

    [Fact]
    public async Task An_account_has_at_most_a_thousand_addresses_in_csv_too()
    {
        await using var world = await ImportWorld.CreateAsync();
        var import = await world.ImportAsync(string.Concat(Enumerable.Range(0, 12_000).Select(i => $"1,a{i}@example.com,,,,,\n")), r => r with { KeepGood = true });

        Assert.Equal((ImportStatus.Completed, 11_000), (import.Status, import.Rejected));
        Assert.Equal((1_000, 1_000), ((await world.AccountAsync("1")).AddressCount, (await world.DomainAsync("example.com")).AddressCount));
    }

    [Fact]
    public async Task A_verification_that_a_scan_overtakes_is_planned_anew()
    {
        await using var world = await ImportWorld.CreateAsync();
        await world.ImportAsync("1,a@example.com,true,2024-01-01T00:00:00Z,,,\n");
        await world.JudgeAsync("example.com", Phase.Active, world.Clock.Now);
        var import = await world.StageAsync("1,a@example.com,true,2026-02-01T00:00:00Z,,,\n");
        Assert.Equal(1, import.ChangedAccounts);

        await world.JudgeAsync("example.com", Phase.Active, world.Clock.Now, HandChange.Reregistered);
        Assert.True(await world.Get<MergeImport>().ExecuteAsync(import.Id, null, CancellationToken.None));

        Assert.Equal(2024, (await world.AddressAsync("a@example.com")).VerifiedAt!.Value.Year);
    }
}
