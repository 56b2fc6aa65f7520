using System.Globalization;
using System.Text;
using DomainGuard.Core.Audit;
using DomainGuard.Core.Events;
using DomainGuard.Data.Providers;
using DomainGuard.Data.Webhooks;
using DomainGuard.Tests.Findings;
using DomainGuard.Web.Features.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;

namespace DomainGuard.Tests.Webhooks;

/// <summary>Events on their way: signed, at least once, and never held up by somebody else's receiver.</summary>
public sealed class SendDeliveriesTests
{
    public static TheoryData<DatabaseProvider> Providers => FindingsWorld.Providers;

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_delivery_is_signed_by_the_secret_that_was_shown_and_for_a_day_by_the_one_before(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, secret) = await world.AddAsync();
        await world.TestAsync(id);
        Assert.Equal(1, await world.SendAsync());
        var first = Assert.Single(world.Receiver.Got);
        Assert.Equal(("application/json", "webhook.test", world.Time.GetUtcNow().ToUnixTimeSeconds()), (first.ContentType, first.Type, first.Timestamp));
        Assert.Equal(Signature(secret!, first), first.Signature);

        var rotated = Assert.IsType<WebhookOutcome.Made>(await world.Change.RotateAsync(WebhookWorld.Admin, id, WebhookWorld.Cancel)).Secret!;
        await world.TestAsync(id);
        await world.SendAsync();
        var second = world.Receiver.Got.Last();
        Assert.Equal($"{Signature(rotated, second)} {Signature(secret!, second)}", second.Signature);

        world.Time.Advance(TimeSpan.FromHours(25));
        await world.TestAsync(id);
        await world.SendAsync();
        Assert.Equal(Signature(rotated, world.Receiver.Got.Last()), world.Receiver.Got.Last().Signature);

        // Nothing in the database is the secret, nor are the logs of what was done.
        await using var db = await world.OpenAsync();
        var kept = await db.WebhookEndpoints.SingleAsync();
        Assert.DoesNotContain(rotated[6..], kept.Secret, StringComparison.Ordinal);
        Assert.All(await db.AuditEntries.Where(e => e.Subject!.StartsWith("webhook")).Select(e => e.Before + e.After).ToListAsync(), e => Assert.DoesNotContain("whsec_", e, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_receiver_that_fails_is_tried_by_the_schedule_with_the_same_id_until_it_takes_it(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        var fails = 4;
        world.Receiver.Answer = async (_, context) =>
        {
            context.Response.StatusCode = fails-- > 0 ? 500 : 204;
            await (context.Response.StatusCode == 500 ? context.Response.WriteAsync("the disk\nis full") : Task.CompletedTask);
        };
        await world.TestAsync(id);
        await world.SendAsync();
        Assert.Equal(0, await world.SendAsync());
        var waiting = Assert.Single(await world.DeliveriesAsync(id));
        Assert.Equal((DeliveryState.Waiting, 1, (int?)500, "HTTP 500: the disk is full"), (waiting.State, waiting.Tries, waiting.Status, waiting.Error));
        Assert.InRange((waiting.NextTryAt - world.Time.GetUtcNow()).TotalSeconds, 5, 5.6);

        foreach (var wait in new[] { TimeSpan.FromSeconds(6), TimeSpan.FromMinutes(6), TimeSpan.FromMinutes(34), TimeSpan.FromHours(2.3) })
        {
            world.Time.Advance(wait);
            await world.SendAsync();
        }

        Assert.Equal(5, world.Receiver.Got.Count);
        Assert.Single(world.Receiver.Got.Select(g => g.Id).Distinct());
        Assert.Equal(5, world.Receiver.Got.Select(g => g.Timestamp).Distinct().Count());
        Assert.Equal((DeliveryState.Delivered, 5), ((await world.DeliveriesAsync(id))[0].State, (await world.DeliveriesAsync(id))[0].Tries));
        Assert.Equal(0, (await world.EndpointAsync(id)).FailuresInRow);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task After_ten_tries_it_is_a_dead_letter_the_receiver_is_switched_off_and_a_replay_brings_it_back(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        world.Receiver.Answer = (_, context) => Answer(context, 500);
        await world.TestAsync(id);
        for (var i = 0; i < 12; i++)
        {
            await world.SendAsync();
            world.Time.Advance(TimeSpan.FromHours(27));
        }

        Assert.Equal(10, world.Receiver.Got.Count);
        Assert.Equal(DeliveryState.Dead, (await world.DeliveriesAsync(id))[0].State);
        Assert.Equal(WebhookState.Dead, (await world.EndpointAsync(id)).State);
        await using (var db = await world.OpenAsync())
        {
            Assert.Equal("""{"state":"Dead"}""", await db.AuditEntries.Where(e => e.Action == AuditAction.WebhookChanged).Select(e => e.After).SingleAsync());
        }

        world.Receiver.Answer = (_, context) => Answer(context, 200);
        Assert.IsType<WebhookOutcome.Refused>(await world.Replay.TestAsync(WebhookWorld.Admin, id, WebhookWorld.Cancel));
        await world.Change.SwitchAsync(WebhookWorld.Admin, id, on: true, WebhookWorld.Cancel);
        Assert.Equal(new WebhookOutcome.Done(1), await world.Replay.DeadAsync(WebhookWorld.Admin, id, WebhookWorld.Cancel));
        Assert.Equal(1, await world.SendAsync());
        Assert.Single(world.Receiver.Got.Select(g => g.Id).Distinct());
        Assert.IsType<WebhookOutcome.Refused>(await world.Replay.DeadAsync(WebhookWorld.Admin, id, WebhookWorld.Cancel));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task One_event_that_a_receiver_never_takes_switches_nobody_off_while_it_takes_others(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        await world.TestAsync(id);
        var poison = "evt_" + (await world.DeliveriesAsync(id))[0].EventId.ToString("N");
        world.Receiver.Answer = (got, context) => Answer(context, got.Id == poison ? 400 : 200);
        for (var i = 0; i < 11; i++)
        {
            await world.SendAsync();
            await world.TestAsync(id);
            await world.SendAsync();
            world.Time.Advance(TimeSpan.FromHours(27));
        }

        Assert.Equal(WebhookState.On, (await world.EndpointAsync(id)).State);
        Assert.Equal([DeliveryState.Dead, .. Enumerable.Repeat(DeliveryState.Delivered, 11)], (await world.DeliveriesAsync(id)).Select(d => d.State));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Gone_is_taken_at_its_word_and_nothing_else_is_tried(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        world.Receiver.Answer = (_, context) => Answer(context, 410);
        await world.TestAsync(id);
        await world.SendAsync();
        await world.SendAsync();

        Assert.Single(world.Receiver.Got);
        Assert.Equal((WebhookState.Gone, DeliveryState.Dead), ((await world.EndpointAsync(id)).State, (await world.DeliveriesAsync(id))[0].State));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_receiver_that_asks_for_a_rest_gets_it_for_all_that_waits(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        world.Receiver.Answer = (_, context) =>
        {
            context.Response.Headers.RetryAfter = "600";
            return Answer(context, 429);
        };
        await world.TestAsync(id);
        await world.SendAsync();
        await world.TestAsync(id, 3);
        world.Time.Advance(TimeSpan.FromMinutes(9));
        await world.SendAsync();
        Assert.Single(world.Receiver.Got);
        Assert.Equal(world.Time.GetUtcNow().AddMinutes(1), (await world.EndpointAsync(id)).RestUntil);

        world.Receiver.Answer = (_, context) => Answer(context, 200);
        world.Time.Advance(TimeSpan.FromMinutes(2));
        await world.SendAsync();
        Assert.All(await world.DeliveriesAsync(id), d => Assert.Equal(DeliveryState.Delivered, d.State));
        Assert.Null((await world.EndpointAsync(id)).RestUntil);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_receiver_that_hangs_costs_one_connection_at_a_time_and_holds_nobody_up(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (stuck, _) = await world.AddAsync(path: "stuck");
        var (quick, _) = await world.AddAsync(path: "quick");
        using var end = new CancellationTokenSource();
        world.Receiver.Answer = async (got, context) =>
        {
            if (got.Path == "/stuck")
            {
                await Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(end.Token, context.RequestAborted).Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        };
        await world.TestAsync(stuck, 3);
        await world.TestAsync(quick, 3);
        var hanging = world.Send.ExecuteAsync(stuck, WebhookWorld.Cancel);
        Assert.Equal(3, await world.Send.ExecuteAsync(quick, WebhookWorld.Cancel));
        await world.Time.RunAsync(hanging, TimeSpan.FromSeconds(1));
        await end.CancelAsync();

        var waiting = await world.DeliveriesAsync(stuck);
        Assert.All(waiting, d => Assert.True(d.State == DeliveryState.Waiting && d.Tries == 1 && d.Status is null && d.Error == "No answer within 15 s.", d.Error));
        Assert.Equal(3, (await world.EndpointAsync(stuck)).FailuresInRow);
        await world.TestAsync(stuck, 3);
        Assert.Empty(await world.Send.DueAsync(WebhookWorld.Cancel)); // it rests: what came since spends no try
        Assert.Equal(3, (await world.DeliveriesAsync(quick)).Count(d => d.State == DeliveryState.Delivered));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task What_a_dead_process_had_taken_is_sent_again_with_the_same_id_once_its_claim_ends(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        await world.TestAsync(id);
        await using (var db = await world.OpenAsync())
        {
            var until = world.Time.GetUtcNow().AddMinutes(3);
            await db.WebhookDeliveries.ExecuteUpdateAsync(s => s.SetProperty(d => d.Claim, Guid.CreateVersion7()).SetProperty(d => d.ClaimUntil, until));
        }

        Assert.Empty(await world.Send.DueAsync(WebhookWorld.Cancel));
        world.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(1, await world.SendAsync());
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Several_nodes_send_each_delivery_once(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        await world.TestAsync(id, 300);

        var taken = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => world.Send.ExecuteAsync(id, WebhookWorld.Cancel), WebhookWorld.Cancel)));
        await world.SendAsync();

        Assert.Equal(300, world.Receiver.Got.Count);
        Assert.Equal(300, world.Receiver.Got.Select(g => g.Id).Distinct().Count());
        Assert.True(taken.Sum() <= 300);
        Assert.All(await world.DeliveriesAsync(id), d => Assert.True(d is { State: DeliveryState.Delivered, Tries: 1, Claim: null }));
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var world = await WebhookWorld.CreateAsync(DatabaseProvider.Sqlite);
        var (id, _) = await world.AddAsync();
        world.Receiver.Answer = (_, context) =>
        {
            context.Response.Headers.Location = "/elsewhere";
            return Answer(context, 307);
        };
        await world.TestAsync(id);
        await world.SendAsync();

        Assert.Equal(["/hook"], world.Receiver.Got.Select(g => g.Path));
        Assert.Contains("redirect", (await world.DeliveriesAsync(id))[0].Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://10.0.0.7/hook", "Only https")]
    [InlineData("https://10.0.0.7/hook", "private address")]
    [InlineData("https://[::1]/hook", "private address")]
    [InlineData("https://[::ffff:127.0.0.1]/hook", "private address")]
    [InlineData("https://169.254.169.254/latest", "private address")]
    [InlineData("http://platform.example/hook", "Only https")]
    [InlineData("https://user:secret@platform.example/hook", "name or password")]
    [InlineData("ftp://platform.example/hook", "whole address")]
    [InlineData("platform.example/hook", "whole address")]
    [InlineData("", "whole address")]
    public async Task An_address_that_leads_inside_is_refused_when_it_is_given(string url, string why)
    {
        await using var world = await WebhookWorld.CreateAsync(DatabaseProvider.Sqlite);
        var refused = Assert.IsType<WebhookOutcome.Refused>(await world.Change.CreateAsync(WebhookWorld.Admin, new WebhookWish("x", url, [EventType.ScanEnded]), WebhookWorld.Cancel));
        Assert.Contains(why, refused.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_leads_inside_is_refused_when_it_is_connected_to()
    {
        await using var world = await WebhookWorld.CreateAsync(DatabaseProvider.Sqlite, isAllowed: false);
        var port = new Uri(world.Receiver.Url()).Port.ToString(CultureInfo.InvariantCulture);
        var made = Assert.IsType<WebhookOutcome.Made>(await world.Change.CreateAsync(WebhookWorld.Admin, new WebhookWish("x", $"https://localhost:{port}/hook", [EventType.ScanEnded]), WebhookWorld.Cancel));
        await world.TestAsync(made.Id);
        await world.SendAsync();

        Assert.Empty(world.Receiver.Got);
        Assert.StartsWith("localhost has only private addresses; nothing was sent.", (await world.DeliveriesAsync(made.Id))[0].Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_security_event_token_is_pushed_with_its_bearer_token_and_a_refusal_is_kept_in_words()
    {
        await using var world = await WebhookWorld.CreateAsync(DatabaseProvider.Sqlite, "https://guard.example");
        var (id, secret) = await world.AddAsync(WebhookFormat.SecurityEventToken, token: "s3cret");
        Assert.Null(secret);
        world.Receiver.Answer = (_, context) => Answer(context, 202);
        await world.TestAsync(id);
        await world.SendAsync();
        var got = Assert.Single(world.Receiver.Got);
        Assert.Equal(("application/secevent+jwt", "Bearer s3cret", ""), (got.ContentType, got.Authorization, got.Signature));
        var token = new JsonWebToken(got.Body);
        Assert.Equal((world.Receiver.Url(), "https://guard.example"), (token.Audiences.Single(), token.Issuer));

        world.Receiver.Answer = async (_, context) =>
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsJsonAsync(new { err = "invalid_audience", description = "not for me" });
        };
        await world.TestAsync(id);
        await world.SendAsync();
        Assert.Equal("HTTP 400: invalid_audience: not for me", (await world.DeliveriesAsync(id))[1].Error);
    }

    [Fact]
    public async Task Security_event_tokens_are_refused_where_nobody_could_be_named_as_their_issuer()
    {
        await using var world = await WebhookWorld.CreateAsync(DatabaseProvider.Sqlite);
        var refused = await world.Change.CreateAsync(WebhookWorld.Admin, new WebhookWish("x", world.Receiver.Url(), [EventType.ScanEnded], WebhookFormat.SecurityEventToken), WebhookWorld.Cancel);
        Assert.Contains("DomainGuard:PublicUrl", Assert.IsType<WebhookOutcome.Refused>(refused).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task A_receiver_that_is_removed_leaves_nothing_but_its_trail(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        await world.TestAsync(id, 5);
        Assert.IsType<WebhookOutcome.Done>(await world.Change.RemoveAsync(WebhookWorld.Admin, id, WebhookWorld.Cancel));
        Assert.Equal(WebhookOutcome.IsGone, await world.Change.RemoveAsync(WebhookWorld.Admin, id, WebhookWorld.Cancel));
        await using var db = await world.OpenAsync();
        Assert.Equal((0, 0), (await db.WebhookEndpoints.CountAsync(), await db.WebhookDeliveries.CountAsync()));
        Assert.Equal(1, await db.AuditEntries.CountAsync(e => e.Action == AuditAction.WebhookRemoved));
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Two_administrators_who_change_one_receiver_do_not_overwrite_each_other(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        var read = (await world.EndpointAsync(id)).Version;
        var wish = new WebhookWish("renamed", world.Receiver.Url(), [EventType.ScanEnded]);
        Assert.IsType<WebhookOutcome.Done>(await world.Change.ChangeAsync(WebhookWorld.Admin, id, read, wish, WebhookWorld.Cancel));
        Assert.Equal(WebhookOutcome.Overtaken, await world.Change.ChangeAsync(WebhookWorld.Admin, id, read, wish with { Name = "late" }, WebhookWorld.Cancel));
        Assert.Equal("renamed", (await world.EndpointAsync(id)).Name);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Events_are_let_go_after_thirty_days(DatabaseProvider provider)
    {
        await using var world = await WebhookWorld.CreateAsync(provider);
        var (id, _) = await world.AddAsync();
        await world.TestAsync(id, 2);
        await world.SendAsync();
        world.Time.Advance(TimeSpan.FromDays(29));
        await world.TestAsync(id);
        await world.Drop.ExecuteAsync(WebhookWorld.Cancel);
        Assert.Equal(3, (await world.DeliveriesAsync(id)).Count);
        world.Time.Advance(TimeSpan.FromDays(2));
        await world.Drop.ExecuteAsync(WebhookWorld.Cancel);
        Assert.Single(await world.DeliveriesAsync(id));
        Assert.Single((await world.Queries.LogAsync(id, null, new Data.Paging.ListPosition(), 50, WebhookWorld.Cancel)).Items);
    }

    private static string Signature(string secret, Received got) => WebhookSignature.Of([secret], got.Id, DateTimeOffset.FromUnixTimeSeconds(got.Timestamp), Encoding.UTF8.GetBytes(got.Body));

    private static Task Answer(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Nobody_but_an_administrator_changes_receivers()
    {
        await using var world = await WebhookWorld.CreateAsync(DatabaseProvider.Sqlite);
        var (id, _) = await world.AddAsync();
        var wish = new WebhookWish("x", world.Receiver.Url(), [EventType.ScanEnded]);
        foreach (var roles in (string[][])[[], [Web.Auth.Roles.Analyst], [Web.Auth.Roles.Auditor], [Web.Auth.Roles.Analyst, Web.Auth.Roles.Auditor]])
        {
            var by = FindingsWorld.Analyst with { Roles = roles.ToHashSet() };
            WebhookOutcome[] outcomes =
            [
                await world.Change.CreateAsync(by, wish, WebhookWorld.Cancel), await world.Change.ChangeAsync(by, id, 1, wish, WebhookWorld.Cancel), await world.Change.SwitchAsync(by, id, false, WebhookWorld.Cancel),
                await world.Change.RotateAsync(by, id, WebhookWorld.Cancel), await world.Change.RemoveAsync(by, id, WebhookWorld.Cancel), await world.Replay.OneAsync(by, id, 1, WebhookWorld.Cancel),
                await world.Replay.DeadAsync(by, id, WebhookWorld.Cancel), await world.Replay.TestAsync(by, id, WebhookWorld.Cancel),
            ];
            Assert.All(outcomes, o => Assert.Equal(WebhookOutcome.NeedsAdministrator, o));
        }

        Assert.Equal((WebhookState.On, 1), ((await world.EndpointAsync(id)).State, (await world.EndpointAsync(id)).Version));
    }
}
