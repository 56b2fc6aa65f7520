using System.Net;
using System.Net.Http.Json;
using DomainGuard.Client;
using DomainGuard.Data;
using DomainGuard.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RecoveryAction = DomainGuard.Data.Gate.RecoveryAction;

namespace DomainGuard.Tests.Client;

/// <summary>The gate before ASP.NET Core Identity's password reset.</summary>
public sealed class RecoveryGateTests(ClientApp api) : IClassFixture<ClientApp>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_reset_leaves_only_where_the_gate_says_so_and_both_ends_know_what_became_of_it()
    {
        await using var domainGuard = new ClientApp(); // a full list of its own
        await domainGuard.InitializeAsync();
        await using var platform = await ExamplePlatform.StartAsync(domainGuard.App.Url);
        var (held, free) = (await platform.AddUserAsync("held@gate-held.com"), await platform.AddUserAsync("free@gate-free.example"));
        await using (var scope = platform.Services.CreateAsyncScope())
        {
            var client = scope.ServiceProvider.GetRequiredService<DomainGuardClient>();
            Assert.Equal(2, (await PlatformSync.TellAllAsync(scope.ServiceProvider.GetRequiredService<PlatformDb>(), client, Cancel)).New);
            await PlatformSync.TellVerificationAsync(free, new(), client, TimeProvider.System, Cancel);
        }

        await domainGuard.UnverifyAsync(held.Email!);
        using var http = platform.Http();
        foreach (var email in (string[])["held@gate-held.com", "free@gate-free.example", "nobody@gate-nobody.example"])
        {
            Assert.Equal(HttpStatusCode.OK, (await http.PostAsJsonAsync("/forgotPassword", new { email }, Cancel)).StatusCode);
        }

        await UntilAsync(() => platform.Outbox.Count == 2);
        var sent = platform.Outbox.Single(m => m.Kind == "code");
        Assert.Equal("free@gate-free.example", sent.Email);
        Assert.Equal(("withheld", held.Id, "address_unverified: manual_recovery"), platform.Outbox.Single(m => m.Kind != "code"));
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsJsonAsync("/resetPassword", new { email = sent.Email, resetCode = WebUtility.HtmlDecode(sent.Text), newPassword = "N3w-password!" }, Cancel)).StatusCode);

        await UntilAsync(async () => await ActionsAsync(domainGuard.App, held.Id) is [RecoveryAction.Withheld] && await ActionsAsync(domainGuard.App, free.Id) is [RecoveryAction.Sent]);
        var line = Assert.Single(platform.Log.Lines, l => l.Text.Contains("withheld", StringComparison.Ordinal)).Text;
        Assert.Contains(held.Id, line, StringComparison.Ordinal);
        Assert.DoesNotContain("@gate-", string.Concat(platform.Log.Lines.Where(l => l.Text.Contains("reset mail", StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_go_the_same_way_and_confirmations_pass_by()
    {
        await using var server = await LoopbackServer.StartAsync(c => AnswerAsync(c, "allow"));
        await using var platform = await ExamplePlatform.StartAsync(server.Url);
        var user = await platform.AddUserAsync("a@gate.example");
        var sender = platform.Services.GetRequiredService<IEmailSender<IdentityUser>>();
        await sender.SendConfirmationLinkAsync(user, "a@gate.example", "confirm");
        Assert.Equal([("confirmation", "a@gate.example", "confirm")], platform.Outbox);
        Assert.Empty(server.Asked);
        await sender.SendPasswordResetLinkAsync(user, "a@gate.example", "link");
        await UntilAsync(() => platform.Outbox.Count == 2 && server.Asked.Count == 2);
        Assert.Equal(("link", "a@gate.example", "link"), platform.Outbox.Last());
        Assert.Equal(["/api/v1/recovery-checks", "/api/v1/recovery-checks/rc_1/confirmation"], server.Asked);
    }

    [Theory]
    [InlineData("allow", 200, RecoveryFailMode.Review, true)]
    [InlineData("review", 200, RecoveryFailMode.Allow, false)]
    [InlineData("deny", 200, RecoveryFailMode.Allow, false)]
    [InlineData("of a later version", 200, RecoveryFailMode.Allow, false)]
    [InlineData("", 503, RecoveryFailMode.Review, false)]
    [InlineData("", 503, RecoveryFailMode.Deny, false)]
    [InlineData("", 503, RecoveryFailMode.Allow, true)]
    [InlineData("", 401, RecoveryFailMode.Allow, false)]
    public async Task What_is_not_allowed_is_withheld(string decision, int status, RecoveryFailMode mode, bool isSent)
    {
        await using var server = await LoopbackServer.StartAsync(c => AnswerAsync(c, decision, status));
        await using var platform = await ExamplePlatform.StartAsync(server.Url, adjust: s => s.AddDomainGuardRecovery(o => (o.FailMode, o.Deadline) = (mode, TimeSpan.FromMilliseconds(500))));
        await SendAsync(platform, await platform.AddUserAsync("a@gate.example"));
        await UntilAsync(() => platform.Outbox.Count == 1);
        Assert.Equal(isSent ? "link" : "withheld", platform.Outbox.Single().Kind);
    }

    [Fact]
    public async Task The_caller_never_waits_and_what_is_too_much_is_refused_and_logged()
    {
        var open = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(async c =>
        {
            await open.Task;
            await AnswerAsync(c, "allow");
        });
        await using var platform = await ExamplePlatform.StartAsync(server.Url, adjust: s => s.AddDomainGuardRecovery(o => o.QueueCapacity = 3));
        var user = await platform.AddUserAsync("a@gate.example");
        for (var i = 1; i <= 8; i++)
        {
            Assert.True(SendAsync(platform, user).IsCompletedSuccessfully);
            await UntilAsync(() => server.Asked.Count == i); // at the end all hands are busy: the next three wait
        }

        for (var i = 0; i < 5; i++)
        {
            Assert.True(SendAsync(platform, user).IsCompletedSuccessfully);
        }

        Assert.Equal(2, platform.Log.Lines.Count(l => l.Level == LogLevel.Error && l.Text.Contains(user.Id, StringComparison.Ordinal) && l.Text.Contains("too many wait", StringComparison.Ordinal)));
        open.SetResult();
        await UntilAsync(() => platform.Outbox.Count == 11);
    }

    [Fact]
    public async Task A_sender_or_a_handler_that_fails_is_logged_without_the_address_and_stops_nobody()
    {
        var decision = "allow";
        await using var server = await LoopbackServer.StartAsync(c => AnswerAsync(c, decision));
        await using var platform = await ExamplePlatform.StartAsync(server.Url, adjust: s =>
        {
            s.AddKeyedSingleton<IEmailSender<IdentityUser>>("DomainGuard.Client.Recovery", new BrokenMail());
            s.AddTransient<IRecoveryWithheldHandler<IdentityUser>, BrokenHandler>();
        });
        var user = await platform.AddUserAsync("a@gate.example");
        for (var i = 0; i < 20; i++)
        {
            await SendAsync(platform, user);
        }

        await UntilAsync(() => Failures("InvalidDataException") == 20);
        decision = "deny";
        await SendAsync(platform, user);
        await UntilAsync(() => Failures("TimeoutException") == 1);
        Assert.DoesNotContain("mailbox of", string.Concat(platform.Log.Lines), StringComparison.Ordinal);
        Assert.Equal(1, server.Asked.Count(a => a.EndsWith("/confirmation", StringComparison.Ordinal))); // it failed: nobody says that it was sent

        int Failures(string type) => platform.Log.Lines.Count(l => l.Level == LogLevel.Error && l.Text.Contains(user.Id, StringComparison.Ordinal) && l.Text.Contains(type, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_confirmation_that_fails_is_logged_and_sends_nothing_twice()
    {
        await using var server = await LoopbackServer.StartAsync(c => AnswerAsync(c, "allow", c.Request.Path.Value!.EndsWith("/confirmation", StringComparison.Ordinal) ? 409 : 200));
        await using var platform = await ExamplePlatform.StartAsync(server.Url);
        await SendAsync(platform, await platform.AddUserAsync("a@gate.example"));
        await UntilAsync(() => platform.Log.Lines.Any(l => l.Level == LogLevel.Warning && l.Text.Contains("was not told", StringComparison.Ordinal)));
        Assert.Single(platform.Outbox);
    }

    [Fact]
    public async Task What_waits_when_the_host_stops_is_worked_through_in_its_time()
    {
        var open = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(async c =>
        {
            await open.Task;
            await AnswerAsync(c, "allow");
        });
        await using var platform = await ExamplePlatform.StartAsync(server.Url);
        var user = await platform.AddUserAsync("a@gate.example");
        for (var i = 0; i < 20; i++)
        {
            await SendAsync(platform, user);
        }

        var stopping = platform.StopAsync(TimeSpan.FromSeconds(20));
        await UntilAsync(() => server.Asked.Count == 8);
        open.SetResult();
        await stopping;
        Assert.Equal(20, platform.Outbox.Count);
        await SendAsync(platform, user);
        Assert.Contains(platform.Log.Lines, l => l.Level == LogLevel.Error && l.Text.Contains("the application stops", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_not_done_when_the_host_gives_up_is_counted()
    {
        await using var server = await LoopbackServer.StartAsync(c => Task.Delay(Timeout.Infinite, c.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default));
        await using var platform = await ExamplePlatform.StartAsync(server.Url, adjust: s => s.AddDomainGuardRecovery(o => o.Deadline = TimeSpan.FromMinutes(5)));
        var user = await platform.AddUserAsync("a@gate.example");
        for (var i = 0; i < 20; i++)
        {
            await SendAsync(platform, user);
        }

        await UntilAsync(() => server.Asked.Count == 8);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await platform.StopAsync(TimeSpan.FromMilliseconds(200));
            throw new OperationCanceledException(); // hosts differ in whether they say so
        });
        Assert.Contains(platform.Log.Lines, l => l.Level == LogLevel.Error && l.Text.Contains("before 20 reset mails", StringComparison.Ordinal));
        Assert.Empty(platform.Outbox);
    }

    [Fact]
    public async Task A_gate_that_could_be_passed_by_does_not_start()
    {
        var late = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(s => s.AddSingleton<IEmailSender<IdentityUser>, BrokenMail>().AddDomainGuardRecovery().AddSingleton<IEmailSender<IdentityUser>, BrokenMail>()));
        Assert.Contains("registered after AddDomainGuardRecovery", late.Message, StringComparison.Ordinal);
        var none = Assert.Throws<InvalidOperationException>(() => new ServiceCollection().AddDomainGuardRecovery());
        Assert.Contains("IEmailSender<IdentityUser>", none.Message, StringComparison.Ordinal);

        var unknown = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(s => s.AddTransient(typeof(IEmailSender<>), typeof(EveryMail<>)).AddDomainGuardRecovery<OwnUser>()));
        Assert.Contains("AccountId", unknown.Message, StringComparison.Ordinal);
        var options = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync(s => s.AddSingleton<IEmailSender<IdentityUser>, BrokenMail>().AddDomainGuardRecovery(o => (o.Deadline, o.QueueCapacity) = (TimeSpan.Zero, 0))));
        Assert.Equal(2, options.Failures.Count());
    }

    [Fact]
    public async Task Whatever_the_users_are_and_however_the_sender_was_registered_the_gate_stands_before_it()
    {
        foreach (var register in (Action<IServiceCollection>[])
            [
                s => s.AddTransient(typeof(IEmailSender<>), typeof(EveryMail<>)), // as Identity registers its own
                s => s.AddScoped<IEmailSender<OwnUser>>(_ => new EveryMail<OwnUser>()),
                s => s.AddSingleton<IEmailSender<OwnUser>>(new EveryMail<OwnUser>()),
                s => s.AddSingleton<IEmailSender<OwnUser>, EveryMail<OwnUser>>(),
            ])
        {
            string? body = null;
            await using var server = await LoopbackServer.StartAsync(async c =>
            {
                body ??= await new StreamReader(c.Request.Body).ReadToEndAsync();
                await AnswerAsync(c, "allow");
            });
            using var host = await StartAsync(
                s =>
                {
                    register(s);
                    s.AddDomainGuardRecovery<OwnUser>(o => o.AccountId = u => $"own-{u.Number}");
                },
                server.Url);
            await using var scope = host.Services.CreateAsyncScope();
            var before = EveryMail<OwnUser>.Sent;
            await scope.ServiceProvider.GetRequiredService<IEmailSender<OwnUser>>().SendPasswordResetCodeAsync(new OwnUser(7), "a@gate.example", "code");
            await UntilAsync(() => EveryMail<OwnUser>.Sent == before + 1);
            Assert.Contains("\"accountId\":\"own-7\"", body, StringComparison.Ordinal);
            await host.StopAsync(Cancel);
        }
    }

    [Fact]
    public async Task A_webhook_closes_the_address_on_the_platform_once()
    {
        await using var platform = await ExamplePlatform.StartAsync(api.App.Url);
        var user = await platform.AddUserAsync("w@gate.example");
        using var http = platform.Http();
        var body = $$$$"""{"type":"address.unverified","timestamp":"2026-03-01T00:00:00Z","data":{"account":{"id":"{{{{user.Id}}}}"},"address":{"email":"W@gate.example"}}}""";
        foreach (var (secret, status, isConfirmed) in ((string, HttpStatusCode, bool)[])
            [("whsec_" + Convert.ToBase64String(new byte[24]), HttpStatusCode.Unauthorized, true), (WebhookVerifierTests.Secret, HttpStatusCode.NoContent, false), (WebhookVerifierTests.Secret, HttpStatusCode.NoContent, false)])
        {
            Assert.Equal(status, await WebhookVerifierTests.SendAsync(http, secret, "msg_1", TimeProvider.System.GetUtcNow(), body, path: "/webhooks/domainguard"));
            await using var scope = platform.Services.CreateAsyncScope();
            Assert.Equal(isConfirmed, (await scope.ServiceProvider.GetRequiredService<PlatformDb>().Users.SingleAsync(u => u.Id == user.Id, Cancel)).EmailConfirmed);
        }
    }

    [Fact]
    public async Task Who_asks_himself_sends_and_says_so()
    {
        using var rig = new ClientRig(api.App.Url);
        await rig.Client.SyncAsync(DomainGuardClientTests.Of(new SyncAccount("own-1") { TwoFactor = true, Addresses = [new SyncAddress("o@gate-own.com", true)] }), cancel: Cancel);
        await api.UnverifyAsync("o@gate-own.com");
        var sent = 0;
        Assert.Equal("Use your second factor.", await PlatformSync.AskItselfAsync(rig.Client, "o@gate-own.com", "own-1", SendAsync, Cancel));
        Assert.Equal("Write to us.", await PlatformSync.AskItselfAsync(rig.Client, "o@gate-other.example", "own-2", SendAsync, Cancel));
        Assert.Equal(1, sent);
        Assert.Equal([RecoveryAction.Withheld], await ActionsAsync(api.App, "own-1"));

        Task SendAsync()
        {
            sent++;
            return Task.CompletedTask;
        }
    }

    private static Task SendAsync(ExamplePlatform platform, IdentityUser user) => platform.Services.GetRequiredService<IEmailSender<IdentityUser>>().SendPasswordResetLinkAsync(user, user.Email!, "link");

    private static async Task<IHost> StartAsync(Action<IServiceCollection> adjust, Uri? url = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddDomainGuardClient(o => (o.BaseAddress, o.ApiKey) = (url ?? new Uri("https://guard.example"), "dg_demo"));
        adjust(builder.Services);
        var host = builder.Build();
        await host.StartAsync(Cancel);
        return host;
    }

    private static Task AnswerAsync(HttpContext context, string decision, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync($$"""{"id":"rc_1","decision":"{{decision}}","reason":"why"}""");
    }

    private static Task UntilAsync(Func<bool> isSo) => UntilAsync(() => Task.FromResult(isSo()));

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (!await isSo())
        {
            await Task.Delay(10, patience.Token);
        }
    }

    private static async Task<List<RecoveryAction>> ActionsAsync(RunningApp app, string account)
    {
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        return await db.RecoveryChecks.Where(c => db.Accounts.Any(a => a.Id == c.AccountId && a.ExternalId == account)).Select(c => c.Action).ToListAsync(Cancel);
    }

    private sealed record OwnUser(int Number);

    private sealed class EveryMail<TUser> : IEmailSender<TUser>
        where TUser : class
    {
        private static int Count;

        public static int Sent => Count;

        public Task SendConfirmationLinkAsync(TUser user, string email, string confirmationLink) => Task.CompletedTask;

        public Task SendPasswordResetLinkAsync(TUser user, string email, string resetLink) => Task.CompletedTask;

        public Task SendPasswordResetCodeAsync(TUser user, string email, string resetCode) => Task.FromResult(Interlocked.Increment(ref Count));
    }

    private sealed class BrokenMail : IEmailSender<IdentityUser>
    {
        public Task SendConfirmationLinkAsync(IdentityUser user, string email, string confirmationLink) => Task.CompletedTask;

        public Task SendPasswordResetLinkAsync(IdentityUser user, string email, string resetLink) => throw new InvalidDataException($"The mailbox of {email} is full.");

        public Task SendPasswordResetCodeAsync(IdentityUser user, string email, string resetCode) => Task.CompletedTask;
    }

    private sealed class BrokenHandler : IRecoveryWithheldHandler<IdentityUser>
    {
        public Task WithheldAsync(WithheldRecovery<IdentityUser> withheld, CancellationToken cancel) => throw new TimeoutException($"The mailbox of {withheld.Email} is full.");
    }
}
