using System.Net;
using System.Runtime.CompilerServices;
using DomainGuard.Client;
using DomainGuard.Data;
using DomainGuard.Data.Accounts;
using DomainGuard.Data.Api;
using DomainGuard.Tests.Api;
using DomainGuard.Tests.Infrastructure;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace DomainGuard.Tests.Client;

/// <summary>The client against the real application.</summary>
public sealed class DomainGuardClientTests(ClientApp api) : IClassFixture<ClientApp>
{
    private static readonly DateTimeOffset Verified = new(2024, 5, 1, 0, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_account_that_is_told_is_read_back_as_it_was_told()
    {
        using var rig = Rig();
        var told = new SyncAccount("cl-1")
        {
            UserName = "ada",
            DisplayName = "Ada L.",
            CreatedAt = Verified.AddYears(-1),
            LastSeenAt = Verified.AddMonths(1),
            TwoFactor = true,
            Privileged = true,
            Projects = 3,
            MonthlyDownloads = 4_000_000_000,
            Addresses = [new SyncAddress("Ada@Client-One.example", Primary: true, Verified), new SyncAddress("ada@client-two.example")],
        };

        var report = await rig.Client.SyncAsync(Of(told), cancel: Cancel);
        Assert.Equal(("completed", false, 1, 0, 0, 0, 0, null), (report.Status, report.IsRefused, report.New, report.Changed, report.Unchanged, report.Gone, report.Rejected, report.Problem));
        Assert.True(report.SyncId > 0 && report.Lines > 0);

        var account = await rig.Client.GetAccountAsync("cl-1", Cancel);
        Assert.NotNull(account);
        Assert.Equal(
            (told.AccountId, told.UserName, told.DisplayName, told.CreatedAt, told.LastSeenAt, told.TwoFactor, true, 3L, 4_000_000_000L, null),
            (account.AccountId, account.UserName, account.DisplayName, account.CreatedAt, account.LastSeenAt, account.TwoFactor, account.Privileged, account.Projects, account.MonthlyDownloads, account.RetiredAt));
        Assert.Equal(2, account.Addresses.Count);
        var first = account.Addresses[0];
        Assert.Equal(("Ada@client-one.example", true, (DateTimeOffset?)Verified, "Verified", "client-one.example", "None", null), (first.Email, first.Primary, first.VerifiedAt, first.State, first.Domain, first.HandChange, first.CaseId));
        Assert.NotEmpty(first.Phase);
        Assert.NotNull(first.Flags);

        Assert.Equal(1, (await rig.Client.SyncAsync(Of(told), cancel: Cancel)).Unchanged); // told again it changes nothing
        Assert.Null(await rig.Client.GetAccountAsync("cl-nobody", Cancel));

        // Packed, and with a proof: a newer verification waits for the domain's next look with what it proved.
        SyncAccount Claim(DateTimeOffset at, VerificationProof proof) => new("cl-claim") { Addresses = [new SyncAddress("ada@client-claim.com", Primary: true, at, Proof: proof)] };
        Assert.Equal(1, (await rig.Client.SyncAsync(Of(Claim(Verified, VerificationProof.None)), new SyncOptions { Compress = true }, Cancel)).New);
        Assert.Equal(1, (await rig.Client.SyncAsync(Of(Claim(Verified.AddYears(1), VerificationProof.SecondFactor)), new SyncOptions { Compress = true }, Cancel)).Changed);
        await using var db = await api.App.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        var claimed = await db.Addresses.AsNoTracking().SingleAsync(a => a.Email == "ada@client-claim.com", Cancel);
        Assert.Equal((ClaimProof.SecondFactor, Verified.AddYears(1)), (claimed.ClaimProof, claimed.ClaimedAt));
    }

    [Fact]
    public async Task A_list_with_bad_lines_is_refused_with_their_reasons_or_taken_without_them()
    {
        using var rig = Rig();
        SyncAccount[] list = [new("bad-1") { Addresses = [new SyncAddress("no address")] }, new("bad-2") { Addresses = [new SyncAddress("b@client-bad.example")] }];
        var report = await rig.Client.SyncAsync(Of(list), cancel: Cancel);
        Assert.Equal(("refused", true), (report.Status, report.IsRefused));
        Assert.NotNull(report.Problem);
        var rejection = Assert.Single(report.Rejections);
        Assert.Equal((1, "email"), (rejection.Line, rejection.Field));
        Assert.NotEmpty(rejection.Reason);
        Assert.Null(await rig.Client.GetAccountAsync("bad-2", Cancel));

        report = await rig.Client.SyncAsync(Of(list), new SyncOptions { KeepGood = true, DryRun = true }, Cancel);
        Assert.Equal(("dry_run", false, 1), (report.Status, report.IsRefused, report.Rejected));
        Assert.Null(await rig.Client.GetAccountAsync("bad-2", Cancel));
        Assert.Equal("completed", (await rig.Client.SyncAsync(Of(list), new SyncOptions { KeepGood = true }, Cancel)).Status);
        Assert.NotNull(await rig.Client.GetAccountAsync("bad-2", Cancel));
    }

    [Fact]
    public async Task A_full_list_retires_only_when_that_is_allowed_and_half_a_list_is_never_taken()
    {
        await using var app = await RunningApp.StartAsync();
        using var rig = new ClientRig(app.Url);
        var all = Enumerable.Range(0, 40).Select(i => new SyncAccount($"f-{i}") { Addresses = [new SyncAddress($"u{i}@client-full.example")] }).ToArray();
        Assert.Equal(40, (await rig.Client.SyncAsync(Of(all), cancel: Cancel)).New);

        // The source breaks in the middle of a full list: what came until then is not taken for the whole.
        var broken = new IOException("the database went away");
        Assert.Same(broken, await Assert.ThrowsAsync<IOException>(() => rig.Client.SyncAsync(BreaksAsync(all[..39], broken), new SyncOptions { Mode = SyncMode.Full, AllowRemovals = true }, Cancel)));
        await NothingRunsAsync(app);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rig.Client.SyncAsync(StopsAsync(all[..39], gone), new SyncOptions { Mode = SyncMode.Full, AllowRemovals = true }, gone.Token));
        await NothingRunsAsync(app);
        Assert.Null((await rig.Client.GetAccountAsync("f-39", Cancel))!.RetiredAt);

        Assert.True((await rig.Client.SyncAsync(Of(all[..20]), new SyncOptions { Mode = SyncMode.Full }, Cancel)).IsRefused);
        Assert.Null((await rig.Client.GetAccountAsync("f-39", Cancel))!.RetiredAt);
        Assert.False((await rig.Client.SyncAsync(Of(all[..20]), new SyncOptions { Mode = SyncMode.Full, AllowRemovals = true }, Cancel)).IsRefused);
        Assert.NotNull((await rig.Client.GetAccountAsync("f-39", Cancel))!.RetiredAt);
    }

    // A list that broke off is running until the server has seen that.
    private static async Task NothingRunsAsync(RunningApp app)
    {
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(Cancel);
        while (await db.Imports.AnyAsync(i => i.EndedAt == null, Cancel))
        {
            await Task.Delay(20, Cancel);
        }
    }

    [Fact]
    public async Task A_long_list_is_sent_as_it_comes()
    {
        using var rig = Rig();
        var (made, most) = (0, 0);
        var report = await rig.Client.SyncAsync(ManyAsync(), new SyncOptions { Mode = SyncMode.Partial, DryRun = true }, Cancel);
        Assert.Equal((20_000, 20_000), (report.New, made));
        Assert.True(most < 10_000, $"{most} accounts were alive at once");

        async IAsyncEnumerable<SyncAccount> ManyAsync()
        {
            var alive = new Queue<WeakReference>();
            for (; made < 20_000; made++)
            {
                var account = new SyncAccount($"long-{made}") { DisplayName = new string('x', 200), Addresses = [new SyncAddress($"u{made}@client-long.example")] };
                alive.Enqueue(new WeakReference(account));
                if (made % 5_000 == 4_999)
                {
                    GC.Collect();
                    most = Math.Max(most, alive.Count(a => a.IsAlive));
                }

                yield return account;
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task A_recovery_is_checked_confirmed_and_explained()
    {
        using var rig = Rig();
        await rig.Client.SyncAsync(Of(new SyncAccount("rc-1") { TwoFactor = true, Addresses = [new SyncAddress("r@client-denied.com", true, Verified)] }), cancel: Cancel);
        await api.UnverifyAsync("r@client-denied.com");

        var result = await rig.Client.CheckRecoveryAsync(new RecoveryQuestion("r@client-denied.com", "rc-1"), cancel: Cancel);
        Assert.Equal((RecoveryDecision.Deny, "address_unverified", false, null), (result.Decision, result.Reason, result.MaySend, result.Failure));
        Assert.Equal(["second_factor", "manual_recovery"], result.Alternatives);
        var answer = result.Answer!;
        Assert.Equal((RecoveryDecision.Deny, result.Reason, "None", null), (answer.Decision, answer.Reason, answer.HandChange, answer.WouldAnswer));
        Assert.True(answer.PolicyVersion > 0 && answer.Phase.Length > 0 && answer.CheckedAt > Verified && answer.Alternatives == result.Alternatives);
        Assert.Equal(answer.EvidenceAt is not null && !answer.Stale, answer.Fresh);

        await rig.Client.ConfirmRecoveryAsync(answer.Id, RecoveryAction.SteppedUp, Cancel);
        await rig.Client.ConfirmRecoveryAsync(answer.Id, RecoveryAction.SteppedUp, Cancel); // said twice it is said once
        var conflict = await Assert.ThrowsAsync<DomainGuardProblemException>(() => rig.Client.ConfirmRecoveryAsync(answer.Id, RecoveryAction.Sent, Cancel));
        Assert.Equal((HttpStatusCode.Conflict, "conflict", false, null), (conflict.Status, conflict.Code, conflict.IsTransient, conflict.RetryAfter));
        Assert.EndsWith("/docs/problems#conflict", conflict.Type, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(conflict.Title) || string.IsNullOrEmpty(conflict.Detail) || string.IsNullOrEmpty(conflict.TraceId));

        var explained = await rig.Client.ExplainRecoveryAsync(answer.Id, Cancel);
        Assert.NotNull(explained);
        Assert.Equal(("rc-1", "r@client-denied.com", "client-denied.com", false, "stepped_up"), (explained.AccountId, explained.Email, explained.Domain, explained.IsPreview, explained.Action));
        Assert.Equal((answer.Id, answer.Decision, answer.Reason, answer.CaseId, answer.LookedUp), (explained.Answer.Id, explained.Answer.Decision, explained.Answer.Reason, explained.Answer.CaseId, explained.Answer.LookedUp));
        Assert.Empty(explained.Answer.Alternatives);
        Assert.True(explained.Sentence.Length > 0 && explained.AskedBy!.Length > 0 && explained.DurationMs >= 0 && explained.ActionAt > Verified);
        Assert.Null(await rig.Client.ExplainRecoveryAsync("rc_999999", Cancel));
    }

    [Theory]
    [InlineData(RecoveryAction.Sent, "sent")]
    [InlineData(RecoveryAction.Withheld, "withheld")]
    [InlineData(RecoveryAction.SteppedUp, "stepped_up")]
    [InlineData(RecoveryAction.Manual, "manual")]
    public async Task Everything_that_can_be_done_with_an_answer_can_be_said(RecoveryAction action, string word)
    {
        using var rig = Rig();
        var result = await rig.Client.CheckRecoveryAsync(new RecoveryQuestion("nobody@client-unknown.example"), cancel: Cancel);
        Assert.Equal((true, "not_monitored"), (result.MaySend, result.Reason));
        await rig.Client.ConfirmRecoveryAsync(result.Answer!.Id, action, Cancel);
        Assert.Equal(word, (await rig.Client.ExplainRecoveryAsync(result.Answer.Id, Cancel))!.Action);
    }

    [Fact]
    public async Task A_batch_answers_each_question_in_its_place_and_a_bad_one_spoils_no_other()
    {
        using var rig = Rig();
        await rig.Client.SyncAsync(Of(new SyncAccount("ba-1") { Addresses = [new SyncAddress("b@client-batch.com", true, Verified)] }), cancel: Cancel);
        await api.UnverifyAsync("b@client-batch.com");
        var results = await rig.Client.CheckRecoveriesAsync([new("x@client-unknown.example"), new("no address"), new("b@client-batch.com", "ba-1")], RecoveryFailMode.Allow, cancel: Cancel);
        Assert.Equal([(RecoveryDecision.Allow, "not_monitored"), (RecoveryDecision.Deny, RecoveryResult.Refused), (RecoveryDecision.Deny, "address_unverified")], results.Select(r => (r.Decision, r.Reason)));
        var refused = Assert.IsType<DomainGuardProblemException>(results[1].Failure);
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (refused.Status, refused.Code));
        Assert.NotEmpty(refused.Detail!);
        Assert.Equal(["manual_recovery"], results[1].Alternatives);

        Assert.Empty(await rig.Client.CheckRecoveriesAsync([], cancel: Cancel));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => rig.Client.CheckRecoveriesAsync([.. Enumerable.Repeat(new RecoveryQuestion("x@x.example"), DomainGuardClient.MostOfBatch + 1)], cancel: Cancel));
    }

    [Theory]
    [InlineData(VerificationProof.None)]
    [InlineData(VerificationProof.Session)]
    [InlineData(VerificationProof.SecondFactor)]
    public async Task A_verification_is_told_with_its_proof(VerificationProof proof)
    {
        using var rig = Rig();
        var (id, email) = ($"ve-{proof}", $"v@client-verify-{(int)proof}.example");
        await rig.Client.SyncAsync(Of(new SyncAccount(id) { Addresses = [new SyncAddress(email, true, Verified)] }), cancel: Cancel);
        Assert.Equal(new VerificationResult("unchanged", "Verified"), await rig.Client.ReportVerificationAsync(id, email, Verified.AddDays(-1), proof, Cancel));
        Assert.Equal(new VerificationResult("waiting", "Verified"), await rig.Client.ReportVerificationAsync(id, email, Verified.AddDays(1), proof, Cancel)); // its domain was never looked up

        var problem = await Assert.ThrowsAsync<DomainGuardProblemException>(() => rig.Client.ReportVerificationAsync(id, "no address", Verified, proof, Cancel));
        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (problem.Status, problem.Code));
        Assert.NotEmpty(problem.Errors["email"]);
        Assert.Equal(HttpStatusCode.NotFound, (await Assert.ThrowsAsync<DomainGuardProblemException>(() => rig.Client.ReportVerificationAsync("ve-nobody", email, Verified, proof, Cancel))).Status);
    }

    [Fact]
    public async Task A_key_that_opens_too_little_or_nothing_is_a_problem_and_withholds()
    {
        using var read = new ClientRig(api.App.Url, (await ApiApp.KeyAsync(api.App, ApiScopes.AccountsRead)).Secret);
        using var none = new ClientRig(api.App.Url, "dgk_nothing");
        foreach (var (rig, status, code) in ((ClientRig, HttpStatusCode, string)[])[(read, HttpStatusCode.Forbidden, "scope_missing"), (none, HttpStatusCode.Unauthorized, "key_invalid")])
        {
            var result = await rig.Client.CheckRecoveryAsync(new RecoveryQuestion("a@client-wiring.example"), RecoveryFailMode.Allow, cancel: Cancel);
            Assert.Equal((RecoveryDecision.Deny, RecoveryResult.Refused, null), (result.Decision, result.Reason, result.Answer));
            var line = Assert.Single(rig.Log.Lines, l => l.Level == Microsoft.Extensions.Logging.LogLevel.Error).Text;
            Assert.Contains(code, line, StringComparison.Ordinal);
            Assert.DoesNotContain("client-wiring", string.Concat(rig.Log.Lines), StringComparison.Ordinal);

            // A list is refused before it is read.
            var begun = false;
            var problem = await Assert.ThrowsAsync<DomainGuardProblemException>(() => rig.Client.SyncAsync(ReadAsync(), cancel: Cancel));
            Assert.Equal((status, code, false), (problem.Status, problem.Code, begun));

            async IAsyncEnumerable<SyncAccount> ReadAsync()
            {
                begun = true;
                await Task.Yield();
                yield return new SyncAccount("x");
            }
        }
    }

    [Fact]
    public async Task An_id_that_would_be_another_path_is_none()
    {
        using var rig = Rig();
        foreach (var id in (string[])["", ".", ".."])
        {
            await Assert.ThrowsAsync<ArgumentException>(async () => await rig.Client.GetAccountAsync(id, Cancel));
        }

        Assert.Null(await rig.Client.GetAccountAsync("a b?c#d%2e", Cancel));
    }

    [Theory]
    [InlineData(null, "key", 4, "BaseAddress")]
    [InlineData("relative", "key", 4, "BaseAddress")]
    [InlineData("ftp://guard.example", "key", 4, "BaseAddress")]
    [InlineData("https://guard.example", "", 4, "ApiKey")]
    [InlineData("https://guard.example", "two\nlines", 4, "ApiKey")]
    [InlineData("https://guard.example", "key", 0, "deadlines")]
    public async Task Options_that_cannot_work_stop_the_start(string? url, string key, int seconds, string problem)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddDomainGuardClient(o => (o.BaseAddress, o.ApiKey, o.RecoveryDeadline, o.Deadline) = (url is null ? null : new Uri(url, UriKind.RelativeOrAbsolute), key, TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(seconds)));
        using var host = builder.Build();
        Assert.Contains(problem, (await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Cancel))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_http_client_is_open_to_handlers_and_has_no_time_of_its_own()
    {
        var services = new ServiceCollection();
        services.AddDomainGuardClient(o => o.BaseAddress = new Uri("https://guard.example")).AddHttpMessageHandler(() => new Nothing());
        using var provider = services.BuildServiceProvider();
        using var http = provider.GetRequiredService<IHttpClientFactory>().CreateClient(DomainGuardClient.HttpClientName);
        Assert.Equal(Timeout.InfiniteTimeSpan, http.Timeout);
    }

    internal static IAsyncEnumerable<SyncAccount> Of(params SyncAccount[] accounts) => accounts.ToAsyncEnumerable();

    private static async IAsyncEnumerable<SyncAccount> BreaksAsync(SyncAccount[] accounts, Exception failure)
    {
        foreach (var account in accounts)
        {
            yield return account;
        }

        await Task.Yield();
        throw failure;
    }

    private static async IAsyncEnumerable<SyncAccount> StopsAsync(SyncAccount[] accounts, CancellationTokenSource stop, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        foreach (var account in accounts)
        {
            yield return account;
        }

        await stop.CancelAsync();
        await Task.Delay(Timeout.Infinite, cancel);
    }

    private ClientRig Rig() => new(api.App.Url);

    private sealed class Nothing : DelegatingHandler;
}
