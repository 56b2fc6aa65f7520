using DomainGuard.Core.Audit;
using DomainGuard.Core.Cases;
using DomainGuard.Data.Mails;
using DomainGuard.Data.Providers;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Notifications;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Notifications;

/// <summary>Mails on their way: at least once, not for ever, and nothing given away.</summary>
public sealed class SendMailsTests
{
    public static TheoryData<DatabaseProvider> Providers => MailWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_is_refused_for_now_is_tried_again_as_the_same_mail(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await TestAsync(world, "ada");
        foreach (var (command, answer) in new[] { ("", "421 too busy"), ("RCPT", "450 4.2.1 <ada@staff.example> greylisted"), (".", "451 4.3.0 try again") })
        {
            world.Server.Say(command, answer);
            if (command.Length == 0)
            {
                world.Server.Answer = line => Task.FromResult(line.Length == 0 ? answer : null);
            }

            Assert.Equal(0, await world.Send.ExecuteAsync(MailWorld.Cancel));
            Assert.Equal(0, await world.Send.ExecuteAsync(MailWorld.Cancel)); // not yet
            Assert.Equal(MailState.Waiting, Assert.Single(await world.MailsAsync()).State);
            world.Time.Advance(TimeSpan.FromMinutes(10));
        }

        Assert.Equal("451: 4.3.0 try again", (await world.MailsAsync())[0].Error);
        world.Server.Answer = _ => Task.FromResult<string?>(null);
        Assert.Equal(1, await world.Send.ExecuteAsync(MailWorld.Cancel));
        var mail = Assert.Single(await world.MailsAsync());
        Assert.Equal((MailState.Sent, 4, (string?)null), (mail.State, mail.Tries, mail.Error));
        Assert.Equal(2, world.Got.Count); // the one before was transferred and then refused
        Assert.Equal($"{mail.Id:N}@corp.example", Assert.Single(world.Got.Select(g => g.Message.MessageId).Distinct()));
        Assert.Contains(world.Log.Lines, l => l.Contains("greylisted", StringComparison.Ordinal));
        Assert.DoesNotContain(world.Log.Lines, l => l.Contains("staff.example", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_is_refused_for_good_is_given_up_and_shown_without_the_address(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await TestAsync(world, "ada");
        await TestAsync(world, "ben");
        world.Server.Say("RCPT TO:<ada@", "550 5.1.1 <ada@staff.example>: no such user");
        Assert.Equal(1, await world.Send.ExecuteAsync(MailWorld.Cancel)); // his trouble is nobody else's
        var given = (await world.MailsAsync()).Single(m => m.State == MailState.GivenUp);
        Assert.Equal("550: 5.1.1 <(address)>: no such user", given.Error);
        var health = await world.Queries.HealthAsync(MailWorld.Cancel);
        Assert.Equal((0, 1, "ada", given.Error), (health.Waiting, health.GivenUp, health.FailedFor, health.Failure!.Error));
        Assert.NotNull(health.LastSentAt);
        world.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, await world.Send.ExecuteAsync(MailWorld.Cancel));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_server_that_is_away_is_tried_for_a_day(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await TestAsync(world, "ada");
        world.Server.Answer = line => Task.FromResult<string?>(line.Length == 0 ? "554 no service here" : null);
        for (var i = 0; i < 60; i++)
        {
            await world.Send.ExecuteAsync(MailWorld.Cancel);
            world.Time.Advance(TimeSpan.FromMinutes(30));
        }

        var mail = Assert.Single(await world.MailsAsync());
        Assert.Equal(MailState.GivenUp, mail.State);
        Assert.InRange(mail.Tries, 15, 22);
        Assert.InRange(mail.TriedAt!.Value - mail.CreatedAt, TimeSpan.FromHours(21), TimeSpan.FromHours(24.5));
    }

    [Fact]
    public async Task A_server_that_hangs_is_left_after_a_minute()
    {
        await using var world = await MailWorld.CreateAsync(DatabaseProvider.Sqlite);
        await TestAsync(world, "ada");
        var hung = new TaskCompletionSource<string?>();
        world.Server.Answer = line => line.StartsWith("MAIL", StringComparison.Ordinal) ? hung.Task : Task.FromResult<string?>(null);
        await world.Time.RunAsync(world.Send.ExecuteAsync(MailWorld.Cancel), TimeSpan.FromSeconds(5));
        hung.SetResult(null);
        Assert.Equal("The mail server did not take it within 60 s.", Assert.Single(await world.MailsAsync()).Error);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_process_that_dies_between_the_answer_and_its_note_sends_it_again_with_the_same_id(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        await TestAsync(world, "ada");
        var other = Guid.CreateVersion7();
        world.Server.Answer = async line =>
        {
            if (line == ".")
            {
                // What this process would write touches nothing any more, as if it had died.
                await using var db = await world.OpenAsync();
                await db.Mails.ExecuteUpdateAsync(s => s.SetProperty(m => m.Claim, other));
            }

            return null;
        };
        await world.Send.ExecuteAsync(MailWorld.Cancel);
        Assert.Equal((MailState.Waiting, 0), ((await world.MailsAsync())[0].State, (await world.MailsAsync())[0].Tries));
        world.Server.Answer = _ => Task.FromResult<string?>(null);
        Assert.Equal(0, await world.Send.ExecuteAsync(MailWorld.Cancel)); // the claim holds
        world.Time.Advance(SendMails.Claim + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await world.Send.ExecuteAsync(MailWorld.Cancel));
        Assert.Equal(2, world.Got.Count);
        Assert.Single(world.Got.Select(g => g.Message.MessageId).Distinct());
    }

    [Fact]
    public async Task A_process_that_is_told_to_stop_counts_no_try_and_leaves_the_mail_free()
    {
        await using var world = await MailWorld.CreateAsync(DatabaseProvider.Sqlite);
        await TestAsync(world, "ada");
        using var stop = new CancellationTokenSource();
        world.Server.Answer = async line =>
        {
            await (line.StartsWith("MAIL", StringComparison.Ordinal) ? stop.CancelAsync() : Task.CompletedTask);
            return null;
        };
        Assert.Equal(0, await world.Send.ExecuteAsync(stop.Token));
        var mail = Assert.Single(await world.MailsAsync());
        Assert.Equal((MailState.Waiting, 0, (Guid?)null), (mail.State, mail.Tries, mail.Claim));
    }

    [Fact]
    public async Task Who_was_locked_meanwhile_is_sent_nothing()
    {
        await using var world = await MailWorld.CreateAsync(DatabaseProvider.Sqlite);
        var ada = await TestAsync(world, "ada");
        await world.LockAsync(ada);
        Assert.Equal(0, await world.Send.ExecuteAsync(MailWorld.Cancel));
        Assert.Equal(MailState.GivenUp, Assert.Single(await world.MailsAsync()).State);
        Assert.Empty(world.Got);
    }

    [Fact]
    public async Task A_server_without_tls_is_refused_where_tls_is_asked_for()
    {
        await using var world = await MailWorld.CreateAsync(DatabaseProvider.Sqlite);
        world.Mail.Security = MailSecurity.StartTls;
        await TestAsync(world, "ada");
        Assert.Equal(0, await world.Send.ExecuteAsync(MailWorld.Cancel));
        Assert.Empty(world.Got);
        Assert.Contains("STARTTLS", Assert.Single(await world.MailsAsync()).Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_choice_is_checked_and_stands_in_the_history_without_the_address(DatabaseProvider provider)
    {
        await using var world = await MailWorld.CreateAsync(provider);
        var ada = await world.JoinAsync("ada", Severity.High, true, Roles.Auditor);
        foreach (var bad in new[] { "no address", "a@b.example\r\nBcc: x@y.example", "a@b.example, c@d.example", "Ada <a@b.example>", "a@b.example>", new string('a', 300) + "@b.example" })
        {
            Assert.IsType<OwnMailOutcome.Refused>(await world.Change.ChangeAsync(ada, bad, Severity.High, false, MailWorld.Cancel));
        }

        Assert.IsType<OwnMailOutcome.Refused>(await world.Change.ChangeAsync(ada, " ", Severity.High, false, MailWorld.Cancel));
        Assert.IsType<OwnMailOutcome.Done>(await world.Change.ChangeAsync(ada, "ada@staff.example", Severity.High, true, MailWorld.Cancel)); // nothing new
        await world.Findings.PassAsync(TimeSpan.FromMinutes(1));
        Assert.IsType<OwnMailOutcome.Done>(await world.Change.ChangeAsync(ada, " ada@elsewhere.example ", Severity.Low, false, MailWorld.Cancel));
        await world.Findings.PassAsync(TimeSpan.FromMinutes(1));
        Assert.IsType<OwnMailOutcome.Done>(await world.Change.ChangeAsync(ada, "", null, false, MailWorld.Cancel));
        await using var db = await world.OpenAsync();
        var entries = await db.AuditEntries.AsNoTracking().Where(e => e.Action == AuditAction.StaffChanged).OrderBy(e => e.At).ToListAsync(MailWorld.Cancel);
        Assert.Equal(
            [
                ("""{"mail":"none"}""", """{"contactAddress":"given","mail":"from high, daily"}"""),
                ("""{"mail":"from high, daily"}""", """{"contactAddress":"changed","mail":"from low, at once"}"""),
                ("""{"mail":"from low, at once"}""", """{"contactAddress":"removed","mail":"none"}"""),
            ],
            entries.Select(e => (e.Before, e.After)));
        Assert.IsType<OwnMailOutcome.Refused>(await world.Change.TestAsync(ada, MailWorld.Cancel));
    }

    [Fact]
    public async Task A_test_is_sent_once_a_minute_and_its_fate_is_shown()
    {
        await using var world = await MailWorld.CreateAsync(DatabaseProvider.Sqlite);
        var ada = await TestAsync(world, "ada");
        Assert.IsType<OwnMailOutcome.Refused>(await world.Change.TestAsync(ada, MailWorld.Cancel));
        await world.Send.ExecuteAsync(MailWorld.Cancel);
        var (to, mail) = Assert.Single(world.Got);
        Assert.Equal(("ada@staff.example", "DomainGuard: test"), (to, mail.Subject));
        Assert.Equal(MailState.Sent, (await world.Queries.OwnAsync(ada.Id, MailWorld.Cancel)).Last!.State);
        world.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.IsType<OwnMailOutcome.Done>(await world.Change.TestAsync(ada, MailWorld.Cancel));
    }

    private static async Task<StaffMember> TestAsync(MailWorld world, string name)
    {
        var member = await world.JoinAsync(name);
        Assert.IsType<OwnMailOutcome.Done>(await world.Change.TestAsync(member, MailWorld.Cancel));
        return member;
    }
}
