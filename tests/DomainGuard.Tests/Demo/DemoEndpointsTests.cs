using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Auth;
using DomainGuard.Web.Features.Demo;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Demo;

public sealed class DemoFixture : IAsyncLifetime
{
    internal RunningApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync() => App = await RunningApp.StartAsync();

    public ValueTask DisposeAsync() => App.DisposeAsync();
}

/// <summary><c>POST /demo/clock</c> on the real application.</summary>
public sealed class DemoEndpointsTests(DemoFixture fixture) : IClassFixture<DemoFixture>
{
    [Fact]
    public async Task The_key_moves_the_clock_and_the_answer_says_how_far_and_what_was_done()
    {
        using var client = Keyed("dg_demo");
        var before = fixture.App.App.Services.GetRequiredService<DomainGuard.Core.Scheduling.GuardClock>().Now;

        using var answer = await PostAsync(client, """{"advance":"PT3H"}""");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal(["now", "scans", "domains"], body.EnumerateObject().Select(p => p.Name));
        Assert.True(body.GetProperty("now").GetDateTimeOffset() >= before.AddHours(3));
    }

    [Fact]
    public async Task Who_comes_while_another_moves_it_is_told_so_and_moves_it_afterwards()
    {
        using var client = Keyed("dg_demo");
        using var moving = new Held();
        var first = Task.Run(
            () => fixture.App.App.Services.GetRequiredService<AdvanceClock>().ExecuteAsync(Requester.Demonstration, TimeSpan.FromHours(1), moving, CancellationToken.None),
            TestContext.Current.CancellationToken);
        await moving.Moves.WaitAsync(TestContext.Current.CancellationToken);

        using var told = await PostAsync(client, """{"advance":"PT0S"}""");
        moving.LetGo();
        Assert.IsType<AdvanceOutcome.Advanced>(await first);
        using var again = await PostAsync(client, """{"advance":"PT0S"}""");

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.OK), (told.StatusCode, again.StatusCode));
        Assert.Contains("Move it again when that is done", await told.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"advance":"-P1D"}""")]
    [InlineData("""{"advance":"P1M"}""")]
    [InlineData("""{"advance":"P1Y"}""")]
    [InlineData("""{"advance":"tomorrow"}""")]
    [InlineData("""{"advance":null}""")]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("""{"advance":""")]
    public async Task A_length_that_is_none_is_refused(string body)
    {
        using var client = Keyed("dg_demo");
        using var answer = await PostAsync(client, body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Nobody_moves_it_without_the_key_not_even_by_the_cookie_of_an_administrator_alone()
    {
        using var stranger = fixture.App.Client();
        using var wrong = Keyed("dg_demo2");
        using var analyst = await fixture.App.SignInAsync("analyst");
        using var admin = await fixture.App.SignInAsync("admin");
        foreach (var client in new[] { stranger, wrong, analyst, admin })
        {
            // An administrator's cookie alone is what another site would ride on.
            using var answer = await PostAsync(client, """{"advance":"PT1H"}""");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task The_key_reads_what_the_pretend_world_has_in_store_and_nobody_else_does()
    {
        using var client = Keyed("dg_demo");
        var life = await client.GetFromJsonAsync<JsonElement>(Life("noorcraft.to"), TestContext.Current.CancellationToken);
        Assert.Equal(["name", "now", "steps"], life.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["Live", "Gone", "Live"], life.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("stage").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(Life("co.uk"), TestContext.Current.CancellationToken)).StatusCode);
        using var wrong = Keyed("dg_demo2");
        using var stranger = fixture.App.Client();
        using var analyst = await fixture.App.SignInAsync("analyst");
        foreach (var other in new[] { wrong, stranger, analyst })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await other.GetAsync(Life("noorcraft.to"), TestContext.Current.CancellationToken)).StatusCode);
        }
    }

    [Fact]
    public async Task Where_the_clock_cannot_be_moved_there_is_no_such_endpoint()
    {
        await using var live = await RunningApp.StartAsync("Staging", ("DomainGuard:World", "Live"), ("DomainGuard:Lookups:Dns:Enabled", "false"));
        using var client = live.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "dg_demo");
        using var answer = await PostAsync(client, """{"advance":"P1D"}""");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Null(live.App.Services.GetService<AdvanceClock>());
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(Life("noorcraft.to"), TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Hangfires_own_pages_change_nothing_whoever_asks()
    {
        using var admin = await fixture.App.SignInAsync("admin");
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("jobs[]", "retention")]);
        foreach (var path in new[] { "/jobs/recurring/trigger", "/jobs/recurring/remove" })
        {
            using var answer = await admin.PostAsync(new Uri(path, UriKind.Relative), form, TestContext.Current.CancellationToken);
            Assert.False(answer.IsSuccessStatusCode, $"{path}: {answer.StatusCode}");
        }
    }

    private static Uri Life(string name) => new($"/demo/domains/{name}", UriKind.Relative);

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string body) =>
        client.PostAsync(new Uri("/demo/clock", UriKind.Relative), new StringContent(body, new MediaTypeHeaderValue("application/json")), TestContext.Current.CancellationToken);

    private HttpClient Keyed(string key)
    {
        var client = fixture.App.Client();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>Holds a move of the clock where it first tells how far it is.</summary>
    private sealed class Held : IProgress<DateTimeOffset>, IDisposable
    {
        private readonly TaskCompletionSource _moves = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _go = new();

        public Task Moves => _moves.Task;

        public void Report(DateTimeOffset value)
        {
            _moves.TrySetResult();
            _go.Wait(TimeSpan.FromMinutes(1));
        }

        public void LetGo() => _go.Set();

        public void Dispose() => _go.Dispose();
    }
}
