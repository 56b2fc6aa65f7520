using System.Net;
using System.Text.Json;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Api;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DomainGuard.Tests.Api;

/// <summary>The document that describes the API, and the page that is made of it.</summary>
public sealed class OpenApiTests(ApiApp api) : IClassFixture<ApiApp>
{
    [Fact]
    public async Task What_is_served_is_what_the_repository_keeps()
    {
        using var client = api.App.Client();
        using var answer = await client.GetAsync(new Uri(ApiDescription.Path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        var served = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(
            served == Repository.Read("docs", "openapi.json"),
            $"The API is no longer what docs/openapi.json says. Where that is meant, start the application (dotnet run --project src/DomainGuard.Web) and keep what it serves: curl -s http://localhost:5080{ApiDescription.Path} > docs/openapi.json. Look at the difference: names that go or change break callers.");
    }

    [Fact]
    public async Task The_page_shows_every_operation_to_everybody_and_runs_no_script()
    {
        using var client = api.App.Client();
        var page = await client.GetStringAsync(new Uri("/docs/api", UriKind.Relative), TestContext.Current.CancellationToken);
        var document = await api.App.Get<ApiDescription>().DocumentAsync();
        Assert.All(document.Paths.SelectMany(p => p.Value.Operations!.Values), o => Assert.Contains($"id=\"{o.OperationId}\"", page, StringComparison.Ordinal));
        Assert.All(document.Components!.Schemas!.Keys, k => Assert.Contains($"id=\"kind-{k}\"", page, StringComparison.Ordinal));
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("http://", page.Replace("http://127.0.0.1", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_is_there_for_the_first_who_asks()
    {
        await using var app = await RunningApp.StartAsync();
        using var client = app.Client();
        using var answer = await client.GetAsync(new Uri("/docs/api", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task It_describes_every_endpoint_every_field_and_every_parameter()
    {
        using var document = JsonDocument.Parse(await api.App.Get<ApiDescription>().JsonAsync());
        var root = document.RootElement;
        Assert.StartsWith("3.1", root.GetProperty("openapi").GetString(), StringComparison.Ordinal);
        var described = root.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => $"{o.Name.ToUpperInvariant()} {p.Name}")).Order(StringComparer.Ordinal).ToList();
        var mapped = api.App.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(e => e.Metadata.GetMetadata<ApiEndpointMark>() is not null)
            .Select(e => $"{e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods[0]} {e.RoutePattern.RawText!.Replace(":long", "", StringComparison.Ordinal).Replace(":guid", "", StringComparison.Ordinal).TrimEnd('/')}").Order(StringComparer.Ordinal);
        Assert.Equal(mapped, described);

        foreach (var operation in root.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject()))
        {
            var text = operation.Value.GetRawText();
            Assert.True(operation.Value.TryGetProperty("summary", out _) && operation.Value.TryGetProperty("operationId", out _) && operation.Value.GetProperty("security").GetArrayLength() == 1, text);
            Assert.Contains("application/problem+json", text, StringComparison.Ordinal);
            Assert.Contains("RateLimit-Policy", text, StringComparison.Ordinal);
            Assert.All(operation.Value.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray() : [], p => Assert.True(p.TryGetProperty("description", out _), $"{operation.Value.GetProperty("operationId")}: {p.GetProperty("name")} is not described."));
        }

        foreach (var schema in root.GetProperty("components").GetProperty("schemas").EnumerateObject().Where(s => s.Value.TryGetProperty("properties", out _)))
        {
            foreach (var property in schema.Value.GetProperty("properties").EnumerateObject())
            {
                Assert.True(property.Value.TryGetProperty("description", out _), $"{schema.Name}.{property.Name} is not described: comment it where it is declared.");
                Assert.True(property.Value.EnumerateObject().Any(p => p.Name is "type" or "$ref" or "oneOf" or "anyOf"), $"{schema.Name}.{property.Name} has no type: {property.Value.GetRawText()}");
            }
        }
    }
}
