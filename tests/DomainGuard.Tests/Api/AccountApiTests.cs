using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using DomainGuard.Data.Api;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Api;
using DomainGuard.Web.Features.Imports;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Api;

/// <summary>How a platform tells its accounts, over real HTTP.</summary>
public sealed class AccountApiTests(ApiApp api) : IClassFixture<ApiApp>
{
    [Fact]
    public async Task A_list_is_taken_in_line_by_line_and_read_back()
    {
        using var client = await ClientAsync(ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        var lines = """
            {"accountId":"api-1","userName":"ada","twoFactor":true,"projects":3,"addresses":[{"email":"Ada@Api-One.example","primary":true,"verifiedAt":"2024-03-01T00:00:00Z"}]}
            {"accountId":"api-2","addresses":[{"email":"no address"}]}
            {"accountId":"api-3","addresses":[{"email":"cyd@api-two.example","verifiedAt":"2024-03-01T00:00:00Z"}]}
            """;
        var (status, report) = await SyncAsync(client, "mode=partial", lines);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal((2, "refused"), (report[0].GetProperty("line").GetInt32(), Summary(report).GetProperty("status").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await ApiApp.SendAsync(client, "GET", "/api/v1/accounts/api-1")).Answer.StatusCode);

        (status, report) = await SyncAsync(client, "mode=partial&keepGood=true", lines);
        Assert.Equal((HttpStatusCode.OK, "completed", 2, 1), (status, Summary(report).GetProperty("status").GetString(), Summary(report).GetProperty("new").GetInt32(), Summary(report).GetProperty("rejected").GetInt32()));
        var (answer, account) = await ApiApp.SendAsync(client, "GET", "/api/v1/accounts/api-1");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(("ada", "Ada@api-one.example", "Verified"), (account.GetProperty("userName").GetString(), account.GetProperty("addresses")[0].GetProperty("email").GetString(), account.GetProperty("addresses")[0].GetProperty("state").GetString()));

        (status, report) = await SyncAsync(client, "mode=partial&keepGood=true", lines); // told again it changes nothing
        Assert.Equal((0, 2), (Summary(report).GetProperty("changed").GetInt32(), Summary(report).GetProperty("unchanged").GetInt32()));
    }

    [Fact]
    public async Task A_full_list_that_would_retire_too_many_is_refused_until_that_is_said_and_a_dry_run_writes_nothing()
    {
        await using var app = await RunningApp.StartAsync();
        using var client = ApiApp.Client(app, (await ApiApp.KeyAsync(app, ApiScopes.AccountsWrite | ApiScopes.AccountsRead)).Secret);
        var many = string.Join('\n', Enumerable.Range(0, 40).Select(i => $$"""{"accountId":"f-{{i}}","addresses":[{"email":"u{{i}}@full.example"}]}"""));
        Assert.Equal("completed", Summary((await SyncAsync(client, "mode=partial", many)).Report).GetProperty("status").GetString());
        var few = string.Join('\n', many.Split('\n').Take(20));
        var (status, report) = await SyncAsync(client, "mode=full", few);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "refused"), (status, Summary(report).GetProperty("status").GetString()));
        Assert.Contains("more than 10 %", Summary(report).GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal("dry_run", Summary((await SyncAsync(client, "mode=full&dryRun=true&allowRemovals=true", few)).Report).GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, (await ApiApp.SendAsync(client, "GET", "/api/v1/accounts/f-30")).Body.GetProperty("retiredAt").ValueKind);
        Assert.Equal("completed", Summary((await SyncAsync(client, "mode=full&allowRemovals=true", few)).Report).GetProperty("status").GetString());
        Assert.NotEqual(JsonValueKind.Null, (await ApiApp.SendAsync(client, "GET", "/api/v1/accounts/f-30")).Body.GetProperty("retiredAt").ValueKind);
    }

    [Fact]
    public async Task Who_goes_away_in_the_middle_of_a_list_leaves_nothing_behind()
    {
        using var client = await ClientAsync(ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        using var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v1/sync?mode=partial", UriKind.Relative)) { Content = new StreamContent(new EndlessLines()) };
        await Assert.ThrowsAnyAsync<Exception>(() => client.SendAsync(request, gone.Token));
        // The next list comes after it, and is not held up by it.
        Assert.Equal("completed", Summary((await SyncAsync(client, "mode=partial", """{"accountId":"after-1","addresses":[{"email":"x@after.example"}]}""")).Report).GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await ApiApp.SendAsync(client, "GET", "/api/v1/accounts/endless-0")).Answer.StatusCode);
    }

    [Fact]
    public async Task A_packed_list_is_taken_in()
    {
        using var client = await ClientAsync(ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        var (answer, body) = await SendPackedAsync(client, Packed("""{"accountId":"gz-1","addresses":[{"email":"g@packed.example"}]}"""u8.ToArray()));
        Assert.Equal((HttpStatusCode.OK, "completed"), (answer.StatusCode, body.GetProperty("summary").GetProperty("status").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await ApiApp.SendAsync(client, "GET", "/api/v1/accounts/gz-1")).Answer.StatusCode);
    }

    [Fact]
    public async Task A_body_that_unpacks_to_far_more_than_was_sent_is_refused_and_so_is_one_that_is_broken()
    {
        using var client = await ClientAsync(ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        var good = Encoding.UTF8.GetBytes("""{"accountId":"bomb-1","addresses":[{"email":"b@bomb.example"}]}""" + "\n");
        var bomb = Packed([.. good, .. Enumerable.Repeat((byte)'\n', 64 * 1024 * 1024)]);
        Assert.InRange(bomb.Length, 1, 200_000);
        await RefusedAsync(bomb, "gzip", HttpStatusCode.RequestEntityTooLarge, "body_too_large");
        await RefusedAsync(Packed(good)[..^12], "gzip", HttpStatusCode.BadRequest, "invalid_request");
        await RefusedAsync(good, "gzip", HttpStatusCode.BadRequest, "invalid_request");
        await RefusedAsync(good, "br", HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");
        Assert.Equal(HttpStatusCode.NotFound, (await ApiApp.SendAsync(client, "GET", "/api/v1/accounts/bomb-1")).Answer.StatusCode);

        async Task RefusedAsync(byte[] sent, string encoding, HttpStatusCode status, string code)
        {
            var (answer, problem) = await SendPackedAsync(client, sent, encoding);
            Assert.Equal((status, code), (answer.StatusCode, ApiApp.Problem(answer, problem)));
        }
    }

    [Fact]
    public async Task A_second_list_is_told_to_come_again_while_one_is_taken_in()
    {
        using var client = await ClientAsync(ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        using var slow = new HeldLines("""{"accountId":"held-1","addresses":[{"email":"h@held.example"}]}""");
        var first = client.PostAsync(new Uri("/api/v1/sync?mode=partial", UriKind.Relative), slow, TestContext.Current.CancellationToken);
        await slow.Sent.Task;

        while (await api.App.Get<ImportTurn>().AtWorkAsync(TestContext.Current.CancellationToken) is null)
        {
            Assert.False(first.IsCompleted, "the first list was not taken in");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        var (answer, report) = await SendAsync(client, "mode=partial", """{"accountId":"held-2"}""");
        Assert.Equal((HttpStatusCode.Conflict, "import_running", true), (answer.StatusCode, ApiApp.Problem(answer, Assert.Single(report)), answer.Headers.RetryAfter?.Delta > TimeSpan.Zero));

        slow.Go.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);
        Assert.Equal("completed", Summary((await SyncAsync(client, "mode=partial", """{"accountId":"held-2"}""")).Report).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_verification_is_taken_by_its_proof()
    {
        using var client = await ClientAsync(ApiScopes.AccountsWrite | ApiScopes.AccountsRead);
        await SyncAsync(client, "mode=partial", """{"accountId":"ver-1","addresses":[{"email":"v@verify.example","verifiedAt":"2024-03-01T00:00:00Z"}]}""");
        var (answer, body) = await VerifyAsync(client, "ver-1", """{"email":"V@verify.example","verifiedAt":"2024-02-01T00:00:00Z"}""");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode); // local parts differ by case
        (answer, body) = await VerifyAsync(client, "ver-1", """{"email":"v@Verify.example","verifiedAt":"2024-02-01T00:00:00Z"}""");
        Assert.Equal(("unchanged", "Verified"), (body.GetProperty("outcome").GetString(), body.GetProperty("state").GetString()));
        (answer, body) = await VerifyAsync(client, "ver-1", """{"email":"v@verify.example","verifiedAt":"2024-04-01T00:00:00+02:00","proof":"session"}""");
        Assert.Equal("waiting", body.GetProperty("outcome").GetString()); // its domain was never looked up
        foreach (var wrong in (string[])["""{"email":"v@verify.example"}""", """{"email":"v","verifiedAt":"2024-04-01T00:00:00Z"}""", """{"email":"v@verify.example","verifiedAt":"2024-04-01T00:00:00Z","proof":"oath"}""", """{"email":"v@verify.example","verifiedAt":"2999-04-01T00:00:00Z"}"""])
        {
            (answer, body) = await VerifyAsync(client, "ver-1", wrong);
            Assert.Equal("invalid_request", ApiApp.Problem(answer, body));
        }
    }

    /// <summary>Every endpoint of the API with every scope: deny by default.</summary>
    [Fact]
    public async Task Each_endpoint_opens_to_its_scope_and_to_no_other()
    {
        var endpoints = api.App.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(e => e.Metadata.GetMetadata<ApiEndpointMark>() is not null).ToList();
        Assert.True(endpoints.Count >= 15);
        foreach (var scope in ApiScope.All)
        {
            using var client = await ClientAsync(ApiScope.Of([scope])!.Value);
            foreach (var endpoint in endpoints)
            {
                var needed = Assert.Single(endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).OfType<string>());
                Assert.Contains(needed, ApiScope.All);
                var path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/').Replace("{accountId}", "x", StringComparison.Ordinal).Replace("{id}", "rc_1", StringComparison.Ordinal)
                    .Replace("{name}", "x", StringComparison.Ordinal).Replace("{scanId:long}", "1", StringComparison.Ordinal).Replace("{caseId:long}", "1", StringComparison.Ordinal)
                    .Replace("{webhookId:guid}", Guid.Empty.ToString("D"), StringComparison.Ordinal).Replace("{deliveryId:long}", "1", StringComparison.Ordinal);
                Assert.DoesNotContain("{", path, StringComparison.Ordinal);
                var method = endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods[0];
                using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
                if (endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is { } accepts)
                {
                    request.Content = new StringContent("{}", Encoding.UTF8, accepts.ContentTypes[0]); // routing asks for the kind of body before anybody asks for the scope
                }

                using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
                Assert.True((answer.StatusCode == HttpStatusCode.Forbidden) == (needed != scope), $"{method} {path} with {scope}: {answer.StatusCode}");
                if (needed != scope)
                {
                    Assert.Equal("scope_missing", ApiApp.Problem(answer, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement));
                }
            }
        }
    }

    private async Task<HttpClient> ClientAsync(ApiScopes scopes) => ApiApp.Client(api.App, (await ApiApp.KeyAsync(api.App, scopes)).Secret);

    private static Task<(HttpResponseMessage Answer, JsonElement Body)> VerifyAsync(HttpClient client, string account, string json) => ApiApp.SendAsync(client, "POST", $"/api/v1/accounts/{account}/verifications", json);

    private static JsonElement Summary(IReadOnlyList<JsonElement> report) => report[^1].GetProperty("summary");

    private static async Task<(HttpStatusCode Status, IReadOnlyList<JsonElement> Report)> SyncAsync(HttpClient client, string query, string lines)
    {
        while (true)
        {
            var (answer, report) = await SendAsync(client, query, lines);
            if (answer.StatusCode != HttpStatusCode.Conflict)
            {
                return (answer.StatusCode, report);
            }

            // One that went away may still be given up.
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<(HttpResponseMessage Answer, IReadOnlyList<JsonElement> Report)> SendAsync(HttpClient client, string query, string lines)
    {
        using var content = new StringContent(lines, Encoding.UTF8, "application/x-ndjson");
        var answer = await client.PostAsync(new Uri("/api/v1/sync?" + query, UriKind.Relative), content, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer, [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)]);
    }

    private static async Task<(HttpResponseMessage Answer, JsonElement Body)> SendPackedAsync(HttpClient client, byte[] bytes, string encoding = "gzip")
    {
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new("application/x-ndjson");
        content.Headers.ContentEncoding.Add(encoding);
        var answer = await client.PostAsync(new Uri("/api/v1/sync?mode=partial&keepGood=true", UriKind.Relative), content, TestContext.Current.CancellationToken);
        return (answer, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement);
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }

    /// <summary>A line, and nothing more until it is told.</summary>
    private sealed class HeldLines : HttpContent
    {
        private readonly byte[] _line;

        public HeldLines(string line)
        {
            _line = Encoding.UTF8.GetBytes(line + "\n");
            Headers.ContentType = new("application/x-ndjson");
        }

        public TaskCompletionSource Sent { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(_line);
            await stream.FlushAsync();
            Sent.SetResult();
            await Go.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>Lines without end.</summary>
    private sealed class EndlessLines : Stream
    {
        private int _line;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Encoding.UTF8.GetBytes($"{{\"accountId\":\"endless-{_line}\",\"addresses\":[{{\"email\":\"u{_line++}@endless.example\"}}]}}\n", buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
