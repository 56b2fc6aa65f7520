using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using DomainGuard.Core.Policy;
using DomainGuard.Tests.Infrastructure;
using DomainGuard.Web.Features.Gate;

namespace DomainGuard.Tests.Api;

/// <summary>What docs/api.md prints works.</summary>
public sealed partial class ApiDocTests
{
    private static string Text => Repository.Read("docs", "api.md");

    [Fact]
    public async Task Every_example_is_answered()
    {
        await using var app = await RunningApp.StartAsync();
        using var client = ApiApp.Client(app, "dg_demo");
        var examples = Example().Matches(Text);
        Assert.True(examples.Count >= 7);
        foreach (Match example in examples)
        {
            var body = example.Groups["body"] is { Success: true } b ? b.Value : null;
            var type = ContentType().Match(example.Value) is { Success: true } t ? t.Groups[1].Value : null;
            using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, new Uri(example.Groups["path"].Value, UriKind.Relative));
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, type!);
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NoContent, $"{example.Groups["path"].Value}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
        }
    }

    [Fact]
    public void Every_reason_of_the_gate_is_explained() => Assert.All(Enum.GetValues<GateReason>(), r => Assert.Contains($"`{GateWords.Code(r)}`", Text, StringComparison.Ordinal));

    [GeneratedRegex("""curl -s "?\$DOMAINGUARD(?<path>/[^\s"]+)"?(?:[^`]*?-d '(?<body>[^']*)')?[^`]*?\n""")]
    private static partial Regex Example();

    [GeneratedRegex("Content-Type: ([a-z/+-]+)")]
    private static partial Regex ContentType();
}
