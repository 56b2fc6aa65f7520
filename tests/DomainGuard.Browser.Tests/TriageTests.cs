using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Policy;
using DomainGuard.Core.Scheduling;
using DomainGuard.Data;
using DomainGuard.Data.Audit;
using DomainGuard.Data.Cases;
using DomainGuard.Data.Staff;
using DomainGuard.Web.Auth;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace DomainGuard.Browser.Tests;

/// <summary>The queue as analysts, administrators and auditors meet it. Each test has a domain of its own, so that none waits for another.</summary>
[Collection(ConsoleFixture.OneAfterTheOther)]
public sealed class TriageTests(ConsoleFixture console) : IClassFixture<ConsoleFixture>
{
    private const string Colleague = "colleague";
    private static readonly SemaphoreSlim One = new(1, 1);
    private static bool Quiet;

    public static TheoryData<string, ColorScheme> Pages
    {
        get
        {
            var data = new TheoryData<string, ColorScheme>();
            foreach (var path in (string[])["/triage", "/triage?case=FIRST", "/triage?q=zzzz", "/triage?view=nonsense&case=x", "/batches/901", "/batches/902", "/domains/harbor-tools.dev", "/scans"])
            {
                data.Add(path, ColorScheme.Light);
                data.Add(path, ColorScheme.Dark);
            }

            return data;
        }
    }

    [Fact]
    public async Task An_analyst_works_the_queue_with_the_keyboard_alone()
    {
        var (page, strangers) = await console.OpenAsync();
        var cases = await SeedAsync("quietforge.io", CaseState.Unverified, Situation.Reregistered, HandChange.Reregistered);
        var review = await SeedAsync("wrenholt-labs.org", CaseState.NeedsReview, Situation.OnHold);
        await console.SignInAsync(page, "analyst");
        await OpenAsync(page, "/triage?domain=quietforge.io");

        // From the queue to a decided case in three keystrokes.
        await page.Keyboard.PressAsync("j");
        await page.WaitForSelectorAsync("aside.panel:has-text('quietforge.io')");
        await page.Keyboard.PressAsync("c");
        await page.WaitForSelectorAsync("#decide:has-text('Confirm')");
        await Assertions.Expect(page.Locator("#comment")).ToBeFocusedAsync(new() { Timeout = 60_000 });
        await page.Keyboard.PressAsync("Control+Enter");
        await page.WaitForSelectorAsync(".snack:has-text('confirmed')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Confirmed, s));

        await page.Keyboard.PressAsync("z");
        await page.WaitForSelectorAsync(".snack:has-text('as before')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Unverified, s));

        await page.WaitForSelectorAsync("aside.panel:has-text('quietforge.io')");
        await page.Keyboard.PressAsync("o");
        await page.WaitForSelectorAsync("#decide h3:text-matches('^Override ([0-9]+ cases|this case)$')");
        await page.Keyboard.TypeAsync("Owner called, jkcu.");
        await page.Keyboard.PressAsync("Control+Enter");
        await page.WaitForSelectorAsync(".snack:has-text('overridden')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Overridden, s));

        await OpenAsync(page, "/triage?domain=wrenholt-labs.org");
        await page.Keyboard.PressAsync("j");
        await page.WaitForSelectorAsync("aside.panel:has-text('wrenholt-labs.org')");
        await page.Keyboard.PressAsync("c");
        await page.WaitForSelectorAsync(".snack:has-text('Confirm: ')");
        // What is typed right after a key that opens a form is kept for the form; when none opened, keys are keys again a moment later.
        await page.WaitForTimeoutAsync(1_000);
        await page.Keyboard.PressAsync("s");
        await page.WaitForSelectorAsync("#decide:has-text('Snooze')");
        await page.Keyboard.PressAsync("Escape");
        await page.WaitForSelectorAsync("#decide", new() { State = WaitForSelectorState.Detached });
        await page.Keyboard.PressAsync("s");
        await page.WaitForSelectorAsync("#decide:has-text('Snooze')");
        await page.Keyboard.PressAsync("Control+Enter");
        await page.WaitForSelectorAsync(".snack:has-text('snoozed')");
        Assert.All(await StatesAsync(review), s => Assert.Equal(CaseState.Snoozed, s));
        await page.WaitForSelectorAsync("text=No case matches 1 filter");
        Assert.Empty(strangers);
    }

    [Fact]
    public async Task The_slower_of_two_analysts_is_told_who_decided_what_and_keeps_what_he_typed()
    {
        var (slow, _) = await console.OpenAsync();
        var cases = await SeedAsync("harbor-tools.dev", CaseState.Unverified, Situation.Redemption, only: 1);
        await console.SignInAsync(slow, "analyst");
        await OpenAsync(slow, $"/triage?case={cases[0]}");
        await slow.WaitForSelectorAsync("aside.panel:has-text('harbor-tools.dev')");
        await slow.Keyboard.PressAsync("c");
        await slow.WaitForSelectorAsync("#decide");
        await slow.Keyboard.TypeAsync("Registrar confirms no restore was filed.");

        await AddColleagueAsync();
        var (fast, _) = await console.OpenAsync();
        await console.SignInAsync(fast, Colleague);
        await OpenAsync(fast, $"/triage?case={cases[0]}");
        await fast.WaitForSelectorAsync("aside.panel:has-text('harbor-tools.dev')");
        await fast.Keyboard.PressAsync("o");
        await fast.WaitForSelectorAsync("#decide");
        await fast.Keyboard.PressAsync("Control+Enter");
        await fast.WaitForSelectorAsync(".snack:has-text('overridden')");

        await slow.Keyboard.PressAsync("Control+Enter");
        await slow.WaitForSelectorAsync("#decide:has-text('Carla Colleague overrode this case')");
        Assert.Equal("Registrar confirms no restore was filed.", await slow.InputValueAsync("#comment"));
        await slow.ClickAsync("#decide button:has-text('Add as comment')");
        await slow.WaitForSelectorAsync(".act:has-text('Registrar confirms no restore was filed.')");
        Assert.Equal([CaseState.Overridden], await StatesAsync(cases));
    }

    [Fact]
    public async Task A_decision_on_everything_that_matches_goes_by_a_list_that_was_frozen()
    {
        var (page, _) = await console.OpenAsync();
        var cases = await SeedAsync("oskervanebuild.io", CaseState.NeedsReview, Situation.Suspected, HandChange.Suspected);
        await console.SignInAsync(page, "analyst");
        await OpenAsync(page, "/triage?domain=oskervanebuild.io&group=none");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("x");
        await page.WaitForSelectorAsync(".bulk:has-text('1 selected')");
        for (var i = 1; i < cases.Count; i++)
        {
            await page.Keyboard.PressAsync("j");
        }

        await page.Keyboard.PressAsync("Shift+X");
        await page.WaitForSelectorAsync($".bulk:has-text('{cases.Count} selected')");
        await page.Keyboard.PressAsync("d");
        await page.WaitForSelectorAsync("#decide:has-text('Dismiss')");
        await page.Keyboard.PressAsync("Control+Enter");
        await page.WaitForSelectorAsync(".snack:has-text('dismissed')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Dismissed, s));
        await page.ClickAsync(".snack .undo");
        await page.WaitForSelectorAsync(".snack:has-text('as before')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.NeedsReview, s));
    }

    [Fact]
    public async Task An_auditor_reads_every_case_and_decides_none()
    {
        var (page, _) = await console.OpenAsync();
        var cases = await SeedAsync("saltmarsh-data.com", CaseState.Unverified, Situation.PendingDelete);
        await console.SignInAsync(page, "auditor");
        await OpenAsync(page, $"/triage?case={cases[0]}");
        await page.WaitForSelectorAsync("aside.panel footer:has-text('Auditors can read, not decide')");
        foreach (var key in (string[])["c", "o", "x", "a"])
        {
            await page.Keyboard.PressAsync(key);
        }

        await page.WaitForSelectorAsync(".snack:has-text('Auditors can read, not decide')");
        await page.WaitForTimeoutAsync(500);
        Assert.Equal(0, await page.Locator("#decide, .bulk, aside.panel form").CountAsync());
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Unverified, s));
    }

    [Fact]
    public async Task An_administrator_reads_a_case_and_decides_a_batch()
    {
        var (page, _) = await console.OpenAsync();
        await SeedAsync("maplekit.com", CaseState.NeedsReview, Situation.Redemption);
        await BatchAsync(903, "maplekit.com");
        await console.SignInAsync(page);
        await OpenAsync(page, "/scans");
        await page.ClickAsync("section[aria-label='Batch 903'] >> text=Look and decide");
        await page.WaitForSelectorAsync("h1:has-text('Batch #903')");
        await page.ClickAsync("button:has-text('Approve none')");
        await page.WaitForSelectorAsync("text=Say why.");
        await page.FillAsync("#why", "A registry outage, says its status page.");
        await page.ClickAsync("button:has-text('Approve none')");
        await page.WaitForSelectorAsync("text=0 approved");
        await page.WaitForSelectorAsync(".chip:has-text('Closed')");
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task Page_has_no_serious_accessibility_finding(string path, ColorScheme theme)
    {
        var (page, strangers) = await console.OpenAsync(theme);
        var cases = await SeedAsync("kanaalcode.nl", CaseState.NeedsReview, Situation.Redemption);
        await BatchAsync(901, "kanaalcode.nl");
        await BatchAsync(902, "kanaalcode.nl", BatchState.Closed);
        await console.SignInAsync(page, path.StartsWith("/batches", StringComparison.Ordinal) || path == "/scans" ? "admin" : "analyst");
        await OpenAsync(page, path.Replace("FIRST", $"{cases[0]}", StringComparison.Ordinal));
        if (path.Contains("FIRST", StringComparison.Ordinal))
        {
            await page.WaitForSelectorAsync("aside.panel .act li");
            await page.Keyboard.PressAsync("o");
            await page.WaitForSelectorAsync("#decide");
        }

        await AssertAccessibleAsync(page);
        Assert.Empty(strangers);
    }

    [Fact]
    public async Task On_a_phone_the_queue_is_cards_and_a_case_is_a_page_with_its_decisions_below()
    {
        var (page, _) = await console.OpenAsync(width: 390);
        var cases = await SeedAsync("cedar-grove.net", CaseState.NeedsReview, Situation.ForSale);
        await console.SignInAsync(page, "analyst");
        await OpenAsync(page, "/triage?domain=cedar-grove.net");
        await page.WaitForSelectorAsync("[role=row]:has-text('cedar-grove.net')");
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 390);
        await page.ClickAsync("[role=row]:has-text('cedar-grove.net')");
        await page.WaitForSelectorAsync("aside.panel .act");
        var panel = (await page.Locator("aside.panel").BoundingBoxAsync())!;
        Assert.Equal((0, 390), (panel.X, panel.Width));
        Assert.True(await page.EvaluateAsync<int>("document.querySelector('aside.panel').scrollWidth") <= 390);
        foreach (var button in await page.Locator("aside.panel footer .places .btn").AllAsync())
        {
            Assert.True((await button.BoundingBoxAsync())!.Height >= 44);
        }

        await page.ClickAsync("aside.panel footer .btn:has-text('Dismiss')");
        await page.ClickAsync("#decide button.p");
        await page.WaitForSelectorAsync(".snack:has-text('dismissed')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Dismissed, s));
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task On_a_phone_a_card_is_decided_overridden_and_put_aside_without_opening_it(ColorScheme theme)
    {
        var (page, _) = await console.OpenAsync(theme, width: 390);
        var cases = await SeedAsync("quietforge.io", CaseState.Unverified, Situation.Reregistered, HandChange.Reregistered);
        Assert.True(cases.Count > 1);
        await console.SignInAsync(page, "analyst");
        await OpenAsync(page, "/triage?domain=quietforge.io");
        var card = page.Locator("[role=row].tr:has-text('quietforge.io')");
        Assert.Equal([$"Confirm {cases.Count}", "Override", ""], (await card.Locator(".c9 .btn").AllInnerTextsAsync()).Select(t => t.Trim()));
        foreach (var button in await card.Locator(".c9 .btn").AllAsync())
        {
            var box = (await button.BoundingBoxAsync())!;
            Assert.True(box is { Height: >= 44, Width: >= 44 } && box.X + box.Width <= 390);
        }

        // The form comes over the list; what was typed is decided for all of the domain, and the list stays.
        await card.Locator(".c9 .btn:has-text('Confirm')").ClickAsync();
        await page.WaitForSelectorAsync($".sheet #decide:has-text('Confirm {cases.Count} cases')");
        await AssertAccessibleAsync(page);
        Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 390);
        Assert.Equal(0, await page.Locator("aside.panel").CountAsync());
        await page.FillAsync("#comment", "Seen on the way home.");
        await page.ClickAsync("#decide button.p");
        await page.WaitForSelectorAsync(".snack:has-text('confirmed')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Confirmed, s));
        await page.ClickAsync(".snack .undo");
        await page.WaitForSelectorAsync(".snack:has-text('as before')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Unverified, s));
        Assert.Equal(0, await page.Locator("aside.panel, .sheet").CountAsync());

        // More: what the state forbids stands there with its reason; Escape leaves, and nothing is decided.
        await card.Locator(".c9 .btn[aria-label^='More']").ClickAsync();
        await page.WaitForSelectorAsync(".sheet [role=dialog] .btn[disabled]:has-text('Dismiss'):has-text('needs review only')");
        await AssertAccessibleAsync(page);
        await page.Keyboard.PressAsync("Escape");
        await page.WaitForSelectorAsync(".sheet", new() { State = WaitForSelectorState.Detached });
        Assert.EndsWith("-main", await page.EvaluateAsync<string>("document.activeElement.id"));

        await card.Locator(".c9 .btn[aria-label^='More']").ClickAsync();
        await page.ClickAsync(".sheet .btn:has-text('Assign')");
        await page.ClickAsync("#assign-me");
        await page.WaitForSelectorAsync(".snack:has-text('assigned to')");

        await card.Locator(".c9 .btn:has-text('Override')").ClickAsync();
        await page.ClickAsync(".sheet #decide button.p");
        await page.WaitForSelectorAsync(".snack:has-text('overridden')");
        Assert.All(await StatesAsync(cases), s => Assert.Equal(CaseState.Overridden, s));
        await AssertAccessibleAsync(page);
    }

    [Fact]
    public async Task Cards_are_no_buttons_for_who_may_not_decide_and_none_decides_at_once_what_differs()
    {
        var (page, _) = await console.OpenAsync(width: 390);
        var cases = await SeedAsync("quietforge.io", CaseState.NeedsReview, Situation.Suspected, HandChange.Suspected);
        await using (var db = await Services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync())
        {
            await db.Cases.Where(c => c.Id == cases[0]).ExecuteUpdateAsync(s => s.SetProperty(c => c.Situation, Situation.OnHold));
        }

        await console.SignInAsync(page, "analyst");
        await OpenAsync(page, "/triage?domain=quietforge.io");
        Assert.Equal([$"Open {cases.Count} cases that differ"], (await page.Locator(".tr .c9 .btn").AllInnerTextsAsync()).Select(t => t.Trim()));
        await page.ClickAsync(".tr .c9 .btn");
        await page.WaitForSelectorAsync("aside.panel footer .sc:has-text('This one')");

        var (auditor, _) = await console.OpenAsync(width: 390);
        await console.SignInAsync(auditor, "auditor");
        await OpenAsync(auditor, "/triage?domain=quietforge.io");
        await auditor.WaitForSelectorAsync("[role=row].tr:has-text('quietforge.io')");
        Assert.Equal(0, await auditor.Locator(".c9").CountAsync());
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task A_filter_is_kept_as_a_view_of_ones_own_opened_by_its_link_replaced_renamed_and_removed(ColorScheme theme)
    {
        var (page, _) = await console.OpenAsync(theme);
        await console.SignInAsync(page, "analyst");
        var name = $"<b>Mine</b> {theme}";
        await OpenAsync(page, "/triage?view=open&severity=critical,high&state=Nonsense&group=none");
        await page.ClickAsync("#save-view");
        await page.FillAsync("#view-name", name);
        await AssertAccessibleAsync(page);
        await page.Keyboard.PressAsync("Enter");
        await ExpectUrlAsync(page, "/triage\\?view=own-[0-9]+$");
        await page.WaitForSelectorAsync($".views .own.on:has-text('{name}')");
        await page.WaitForSelectorAsync(".filt:has-text('severity'):has-text('High,Critical')");
        await page.WaitForSelectorAsync("text=Case by case");
        Assert.Equal(0, await page.Locator(".views b:has-text('Mine'), .filt:has-text('state')").CountAsync());
        var link = page.Url;

        // Other parameters override it, and so does the absence of one; what is overridden can replace it.
        await page.ClickAsync(".filt a[aria-label='Remove the filter severity']");
        await ExpectUrlAsync(page, "severity=$");
        await page.WaitForSelectorAsync(".filt", new() { State = WaitForSelectorState.Detached });
        await page.ClickAsync("button:has-text('Filter')");
        await page.SelectOptionAsync("#drop", "30d");
        await page.WaitForSelectorAsync(".filt:has-text('drop'):has-text('30d')");
        await page.SelectOptionAsync("#drop", "");
        await page.WaitForSelectorAsync(".filt", new() { State = WaitForSelectorState.Detached });
        await page.SelectOptionAsync("#drop", "7d");
        await page.WaitForSelectorAsync(".filt:has-text('drop'):has-text('7d')");
        await page.ClickAsync("#save-view");
        Assert.Equal(name, await page.InputValueAsync("#view-name"));
        await page.ClickAsync(".ownviews button:has-text('Replace')");
        await ExpectUrlAsync(page, Regex.Escape(link) + "$");
        await page.WaitForSelectorAsync(".filt:has-text('drop'):has-text('7d')");
        Assert.Equal(1, await page.Locator(".filt").CountAsync());

        await page.ClickAsync("#save-view");
        await page.FillAsync("#view-name", $"Other {theme}");
        await page.ClickAsync(".ownviews button:has-text('Rename')");
        await page.WaitForSelectorAsync($".views .own.on:has-text('Other {theme}')");

        // Nobody else's: the link is named as not known.
        var (colleague, _) = await console.OpenAsync(theme);
        await console.SignInAsync(colleague, "auditor");
        await OpenAsync(colleague, new Uri(link).PathAndQuery);
        await colleague.WaitForSelectorAsync("text=Not known and ignored: view=own-");
        Assert.Equal(0, await colleague.Locator(".views .own").CountAsync());

        await page.ClickAsync("#save-view");
        await page.ClickAsync($".ownviews button[aria-label='Remove Other {theme}']");
        await page.ClickAsync(".ownviews button:has-text('Remove for good')");
        await ExpectUrlAsync(page, "drop=7d");
        await page.WaitForSelectorAsync(".filt:has-text('drop'):has-text('7d')");
        Assert.DoesNotContain("own-", page.Url, StringComparison.Ordinal);
        Assert.Contains("view=open", page.Url, StringComparison.Ordinal);
        await page.Keyboard.PressAsync("Escape");
        await page.WaitForSelectorAsync(".ownviews", new() { State = WaitForSelectorState.Detached });
        Assert.Equal(0, await page.Locator(".views .own").CountAsync());
    }

    [Fact]
    public async Task The_help_shows_the_keys_of_the_queue()
    {
        var (page, _) = await console.OpenAsync();
        await console.SignInAsync(page, "analyst");
        await OpenAsync(page, "/triage");
        await page.Keyboard.PressAsync("?");
        foreach (var text in (string[])["Override until", "Undo the last decision", "Select up to here", "Next source, its raw answer"])
        {
            await page.WaitForSelectorAsync($".mud-dialog:has-text('{text}')");
        }
    }

    private static async Task AssertAccessibleAsync(IPage page)
    {
        var result = await page.RunAxe();
        Assert.Empty(result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Id}: {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html))}"));
    }

    // Asked for again and again: an event of navigation can be over before one waits for it.
    private static Task ExpectUrlAsync(IPage page, string pattern) => Assertions.Expect(page).ToHaveURLAsync(new Regex(pattern), new() { Timeout = 60_000 });

    private static async Task OpenAsync(IPage page, string path)
    {
        await page.GotoAsync(new Uri(new Uri(page.Url), path).ToString());
        await page.WaitForSelectorAsync("h1");
        await page.WaitForSelectorAsync("html[data-keys=on]", new() { State = WaitForSelectorState.Attached });
        await page.WaitForFunctionAsync("document.querySelectorAll('.loading').length === 0");
    }

    /// <summary>Cases on the sample addresses of a domain, as a scan would have opened them; earlier ones are taken away.</summary>
    private async Task<IReadOnlyList<long>> SeedAsync(string name, CaseState state, Situation situation, HandChange hands = HandChange.None, int only = 10)
    {
        await QuietAsync();
        await using var db = await Services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        var now = Services.GetRequiredService<GuardClock>().Now;
        var domain = await db.Domains.AsNoTracking().SingleAsync(d => d.Name == name);
        await db.BatchItems.Where(i => db.Cases.Any(c => c.DomainId == domain.Id && c.Id == i.CaseId)).ExecuteDeleteAsync();
        await db.Decisions.Where(d => db.Cases.Any(c => c.DomainId == domain.Id && c.Id == d.CaseId)).ExecuteDeleteAsync();
        await db.Cases.Where(c => c.DomainId == domain.Id).ExecuteDeleteAsync();
        var phase = situation switch { Situation.Redemption => Phase.Redemption, Situation.PendingDelete => Phase.PendingDelete, Situation.OnHold => Phase.OnHold, _ => Phase.Active };
        var (since, again) = (now.AddDays(-20), now.AddDays(-12));
        await db.Domains.Where(d => d.Id == domain.Id).ExecuteUpdateAsync(s => s.SetProperty(d => d.Phase, phase).SetProperty(d => d.PhaseSince, since).SetProperty(d => d.Confidence, Confidence.Corroborated)
            .SetProperty(d => d.HandChange, hands).SetProperty(d => d.RegisteredAt, again).SetProperty(d => d.HasCase, true));
        var wanted = state == CaseState.Unverified ? PolicyAction.Unverify : PolicyAction.Review;
        var finding = new CaseFinding(new Finding(situation, wanted, wanted, Guard.None), phase, hands, Confidence.Corroborated, 70, now.AddDays(9), 1, null);
        var ids = new List<long>();
        foreach (var address in await db.Addresses.Where(a => a.DomainId == domain.Id && a.RetiredAt == null).OrderBy(a => a.Id).Take(only).ToListAsync())
        {
            var what = state == CaseState.Unverified ? CaseEvent.FindingUnverify : CaseEvent.FindingReview;
            var (opened, step) = CaseSteps.Open(1_000_000 + address.Id, address, domain.Id, name, what, finding, new StepBy(AuditActor.Policy(1, null), now))!.Value;
            db.Cases.Add(opened);
            db.Decisions.Add(step.Decision);
            AuditTrail.Add(db, step.Fact);
            ids.Add(opened.Id);
        }

        Assert.NotEmpty(ids);
        await db.SaveChangesAsync();
        return ids;
    }

    // The world goes on beside the tests: what it finds of its own would move the cases under them. Nothing is due any more, and what runs is let finish.
    private async Task QuietAsync()
    {
        await One.WaitAsync();
        try
        {
            while (!Quiet)
            {
                await using var db = await Services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
                var busy = await db.Scans.AnyAsync(s => s.EndedAt == null) || await db.Domains.AnyAsync(d => d.FindingsDueAt != null);
                await db.Domains.ExecuteUpdateAsync(s => s.SetProperty(d => d.NextCheckAt, (DateTimeOffset?)null).SetProperty(d => d.NextSweepAt, (DateTimeOffset?)null));
                Quiet = !busy;
                await Task.Delay(busy ? 250 : 0);
            }
        }
        finally
        {
            One.Release();
        }
    }

    private async Task BatchAsync(long id, string name, BatchState state = BatchState.Waiting)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        await db.BatchItems.Where(i => i.BatchId == id).ExecuteDeleteAsync();
        await db.Batches.Where(b => b.Id == id).ExecuteDeleteAsync();
        var cases = await db.Cases.Where(c => c.Domain!.Name == name).ToListAsync();
        db.Batches.Add(new Batch { Id = id, Guard = Guard.Brake, PolicyVersion = 1, CreatedAt = Services.GetRequiredService<GuardClock>().Now, Count = cases.Count, Limit = 1, State = state, Version = 1 });
        db.BatchItems.AddRange(cases.Select(c => new BatchItem { BatchId = id, CaseId = c.Id, State = state == BatchState.Closed ? BatchItemState.Refused : BatchItemState.Waiting }));
        if (state == BatchState.Waiting)
        {
            cases.ForEach(c => (c.BatchId, c.Guard) = (id, Guard.Brake));
        }

        await db.SaveChangesAsync();
    }

    private async Task<IReadOnlyList<CaseState>> StatesAsync(IReadOnlyList<long> ids)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        return await db.Cases.AsNoTracking().Where(c => ids.Contains(c.Id)).OrderBy(c => c.Id).Select(c => c.State).ToListAsync();
    }

    private async Task AddColleagueAsync()
    {
        await using var scope = Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<GuardUser>>();
        var user = new GuardUser { Id = Guid.CreateVersion7(), UserName = Colleague, DisplayName = "Carla Colleague" };
        Assert.True((await users.CreateAsync(user, StaffSetup.DemoPassword)).Succeeded);
        Assert.True((await users.AddToRoleAsync(user, Roles.Analyst)).Succeeded);
    }

    private IServiceProvider Services => console.Services;
}
