using System.Net;
using DomainGuard.Core.Audit;
using DomainGuard.Data;
using DomainGuard.Data.Mails;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Staff;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Notifications;

/// <summary>One's own page, on the real application with a mail server on loopback.</summary>
public sealed class OwnMailPageTests
{
    [Fact]
    public async Task A_person_gives_an_address_is_sent_a_test_and_takes_it_all_with_him()
    {
        await using var server = SmtpServer.Start();
        await using var app = await RunningApp.StartAsync(
            "Development",
            ("DomainGuard:PublicUrl", "https://guard.example/"),
            ("DomainGuard:Mail:Host", "127.0.0.1"),
            ("DomainGuard:Mail:Port", server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("DomainGuard:Mail:Security", "None"),
            ("DomainGuard:Mail:From", "guard@corp.example"));
        using var client = await app.SignInAsync("auditor");

        using var bad = await RunningApp.PostFormAsync(client, "/me", "mail", ("Mail.Address", "no address"), ("Mail.From", "High"), ("Mail.When", "daily"));
        var page = await bad.Content.ReadAsStringAsync(MailWorld.Cancel);
        Assert.Contains("This is no address that mail can be sent to", page, StringComparison.Ordinal);
        Assert.Contains("value=\"no address\"", page, StringComparison.Ordinal);
        using var saved = await RunningApp.PostFormAsync(client, "/me", "mail", ("Mail.Address", "aurelia@corp.example"), ("Mail.From", "High"), ("Mail.When", "daily"));
        Assert.Equal((HttpStatusCode.Redirect, "/me?done=mail"), (saved.StatusCode, PathOf(saved)));
        using var test = await RunningApp.PostFormAsync(client, "/me", "mail-test");
        Assert.Equal((HttpStatusCode.Redirect, "/me?done=mail-test"), (test.StatusCode, PathOf(test)));

        for (var i = 0; i < 600 && server.Got.IsEmpty; i++)
        {
            await Task.Delay(100, MailWorld.Cancel);
        }

        var (to, mail) = Assert.Single(server.Got);
        Assert.Equal(("aurelia@corp.example", "DomainGuard: test"), (to, mail.Subject));
        Assert.Contains("https://guard.example/me", mail.TextBody, StringComparison.Ordinal);
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync(MailWorld.Cancel);
        for (var i = 0; i < 100 && !await db.Mails.AnyAsync(m => m.State == MailState.Sent, MailWorld.Cancel); i++)
        {
            await Task.Delay(100, MailWorld.Cancel);
        }

        page = await client.GetStringAsync(new Uri("/me", UriKind.Relative), MailWorld.Cancel);
        Assert.Contains("DomainGuard: test", page, StringComparison.Ordinal);
        Assert.Contains("value=\"aurelia@corp.example\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("aurelia@", string.Join('\n', await db.AuditEntries.Where(e => e.Action == AuditAction.StaffChanged).Select(e => e.Before + e.After).ToListAsync(MailWorld.Cancel)), StringComparison.Ordinal);

        var auditor = await app.StaffAsync("auditor");
        Assert.IsType<StaffOutcome.Done>(await app.Get<RemoveStaff>().ExecuteAsync(await app.StaffAsync("admin"), auditor.Id, null, MailWorld.Cancel));
        Assert.False(await db.MailChoices.AnyAsync(c => c.UserId == auditor.Id, MailWorld.Cancel));
        Assert.False(await db.Mails.AnyAsync(m => m.UserId == auditor.Id, MailWorld.Cancel));
    }

    [Fact]
    public async Task Where_mail_is_off_the_page_says_so()
    {
        await using var app = await RunningApp.StartAsync();
        using var client = await app.SignInAsync("analyst");
        var page = await client.GetStringAsync(new Uri("/me", UriKind.Relative), MailWorld.Cancel);
        Assert.Contains("This installation sends no mail", page, StringComparison.Ordinal);
        Assert.DoesNotContain("mail-address", page, StringComparison.Ordinal);
    }

    private static string? PathOf(HttpResponseMessage answer) => answer.Headers.Location is { IsAbsoluteUri: true } absolute ? absolute.PathAndQuery : answer.Headers.Location?.OriginalString;
}
