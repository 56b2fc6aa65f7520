using System.Text;
using CsCheck;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups.DomainResearch;
using DomainGuard.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;

namespace DomainGuard.Tests.Lookups;

/// <summary>Fastly Domain Research and Domainr v2 over real HTTP on loopback.</summary>
public sealed class ResearchSourceTests
{
    private const string Status = """{"domain":"SAMPLE.zz.","zone":"zz","status":"Undelegated  active marketed","tags":"generic","offers":[{"vendor":"afternic.com","price":"2500","currency":"USD"}]}""";

    private static async Task<(Observation Observation, LoopbackServer Server)> AskAsync(SourceKind source, int status, string body)
    {
        await using var server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(body);
        });
        using var rig = new LookupRig(new()
        {
            [$"{source}:Enabled"] = "true",
            [$"{source}:BaseUrl"] = server.Url.ToString(),
            ["Fastly:ApiKey"] = "the-token",
            ["Domainr:ClientId"] = "the+client",
            ["AllowedPrivateHosts:0"] = server.HostAndPort,
        });
        return (await rig.AskAsync(source), server);
    }

    [Fact]
    public async Task Fastly_is_asked_for_the_precise_status_with_its_key()
    {
        var (observation, server) = await AskAsync(SourceKind.Fastly, 200, Status);
        Assert.Equal(["/domain-management/v1/tools/status?domain=sample.zz"], server.Asked);
        Assert.Equal("the-token", server.LastHeaders!["Fastly-Key"]);
        Assert.Equal(Outcome.Answered, observation.Outcome);
        Assert.Equal(["undelegated", "active", "marketed"], observation.Research!.Words);
        Assert.Equal(1, observation.Research.Offers);
        Assert.Equal(Status, Encoding.UTF8.GetString(observation.Raw.Span));
    }

    [Fact]
    public async Task Domainr_is_asked_with_its_client_id_and_answers_with_a_list()
    {
        var (observation, server) = await AskAsync(SourceKind.Domainr, 200, """{"status":[{"domain":"other.zz","status":"active"},null,{"domain":"sample.zz","status":"undelegated inactive","summary":"inactive"}]}""");
        Assert.Equal(["/v2/status?client_id=the%2Bclient&domain=sample.zz"], server.Asked);
        Assert.Equal(["undelegated", "inactive"], observation.Research!.Words);
    }

    [Theory]
    [InlineData(200, """{"errors":[{}]}""", FailureKind.BadAnswer)]
    [InlineData(200, """{"errors":[{"title":"x"}],"domain":"sample.zz","status":"active"}""", FailureKind.BadAnswer)]
    [InlineData(200, "<html></html>", FailureKind.BadAnswer)]
    [InlineData(200, """{"domain":"sample.zz","status":""", FailureKind.BadAnswer)]
    [InlineData(200, """{"domain":"sample.zz","status":""}""", FailureKind.BadAnswer)]
    [InlineData(200, """{"domain":"sample.zz","status":7}""", FailureKind.BadAnswer)]
    [InlineData(200, """{"domain":"sample.zz","status":"\ud800"}""", FailureKind.BadAnswer)]
    [InlineData(200, """{"domain":"other.zz","status":"inactive"}""", FailureKind.WrongName)]
    [InlineData(200, """{"status":"inactive"}""", FailureKind.WrongName)]
    [InlineData(200, """{"status":[]}""", FailureKind.WrongName)]
    [InlineData(200, "[]", FailureKind.BadAnswer)]
    [InlineData(401, "", FailureKind.Blocked)]
    [InlineData(403, "", FailureKind.Blocked)]
    [InlineData(404, """{"domain":"sample.zz","status":"inactive"}""", FailureKind.Refused)]
    [InlineData(429, "", FailureKind.RateLimited)]
    [InlineData(502, "", FailureKind.ServerError)]
    public async Task What_is_no_answer_is_a_failure_and_no_evidence(int status, string body, FailureKind expected)
    {
        foreach (var source in new[] { SourceKind.Fastly, SourceKind.Domainr })
        {
            var (observation, _) = await AskAsync(source, status, body);
            Assert.Equal((Outcome.Failure, expected), (observation.Outcome, observation.Failure));
            Assert.False(string.IsNullOrWhiteSpace(observation.Error));
            Assert.DoesNotContain("the-token", observation.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("the%2Bclient", observation.Error, StringComparison.Ordinal);
            Assert.Null(observation.Research);
        }
    }

    [Fact]
    public async Task Refused_key_says_which_setting_to_look_at()
    {
        var (observation, _) = await AskAsync(SourceKind.Fastly, 401, "");
        Assert.Contains("DomainGuard:Lookups:Fastly:ApiKey", observation.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_list_of_errors_is_none() =>
        Assert.NotNull(StatusWords.Read("""{"errors":[],"domain":"sample.zz","status":"active"}"""u8.ToArray(), "sample.zz").Facts);

    [Fact]
    public void Any_bytes_are_read_without_throwing()
    {
        var sample = Encoding.UTF8.GetBytes(Status);
        Gen.Select(Gen.Int[0, sample.Length - 1], Gen.Byte, Gen.Int[0, sample.Length]).Sample((at, b, length) =>
        {
            var body = (byte[])sample.Clone();
            body[at] = b;
            var (facts, failure, _) = StatusWords.Read(body.AsMemory(0, length), "sample.zz");
            return facts is null == (failure != FailureKind.None);
        });
    }
}
