using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using DomainGuard.Data;
using DomainGuard.Data.Api;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Api;
using Microsoft.EntityFrameworkCore;

namespace DomainGuard.Tests.Api;

/// <summary>The real application, with keys, and what a platform does with them.</summary>
public sealed class ApiApp : IAsyncLifetime
{
    internal RunningApp App { get; private set; } = null!;

    public async ValueTask InitializeAsync() => App = await RunningApp.StartAsync();

    public ValueTask DisposeAsync() => App.DisposeAsync();

    /// <summary>Makes a key in the database.</summary>
    internal static async Task<(ApiKey Key, string Secret)> KeyAsync(RunningApp app, ApiScopes scopes, DateTimeOffset? expires = null)
    {
        var secret = ApiSecret.Make();
        var key = new ApiKey
        {
            Id = Guid.CreateVersion7(),
            Name = "test",
            Hint = ApiSecret.Hint(secret),
            SecretHash = ApiSecret.Hash(secret),
            Scopes = scopes,
            CreatedAt = TimeProvider.System.GetUtcNow(),
            ExpiresAt = expires,
        };
        await using var db = await app.Get<IDbContextFactory<GuardDb>>().CreateDbContextAsync();
        db.ApiKeys.Add(key);
        await db.SaveChangesAsync();
        return (key, secret);
    }

    /// <summary>A client with a key.</summary>
    internal static HttpClient Client(RunningApp app, string? secret)
    {
        var client = app.Client();
        if (secret is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        }

        return client;
    }

    /// <summary>Sends JSON; what comes back is read whole.</summary>
    internal static async Task<(HttpResponseMessage Answer, JsonElement Body)> SendAsync(HttpClient client, string method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(path, UriKind.Relative));
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
            // One that is refused by its length is not read: who is still sending it then finds the connection closed, and no answer.
            request.Headers.ExpectContinue = json.Length > 500_000;
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    /// <summary>Checks that an answer is a problem, as every failure is one, and gives its code.</summary>
    internal static string Problem(HttpResponseMessage answer, JsonElement body)
    {
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal((int)answer.StatusCode, body.GetProperty("status").GetInt32());
        Assert.NotEqual("", body.GetProperty("traceId").GetString());
        var code = body.GetProperty("code").GetString()!;
        Assert.EndsWith("/docs/problems#" + code, body.GetProperty("type").GetString(), StringComparison.Ordinal);
        Assert.Contains(ApiProblems.All, p => p.Code == code && p.Title == body.GetProperty("title").GetString());
        return code;
    }
}
