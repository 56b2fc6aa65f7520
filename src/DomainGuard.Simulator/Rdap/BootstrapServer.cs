using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using DomainGuard.Lookups.Rdap;

namespace DomainGuard.Simulator.Rdap;

/// <summary>
/// The IANA bootstrap file (RFC 9224): the pretend world has the registries of the real one, so that a list of one's own meets the same lanes, and one more that joined
/// after the shipped copy was made (.au), so that a refresh brings something. With an ETag, as the real server sends it.
/// </summary>
internal sealed class BootstrapServer
{
    private static readonly EntityTagHeaderValue Tag = new("\"pretend-1\"");
    private readonly byte[] _file = Newer(RdapBootstrap.ShippedFile);

    internal HttpResponseMessage Answer(HttpHeaderValueCollection<EntityTagHeaderValue> known)
    {
        var answer = known.Contains(Tag)
            ? new HttpResponseMessage(HttpStatusCode.NotModified)
            : new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(_file) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
        answer.Headers.ETag = Tag;
        return answer;
    }

    private static byte[] Newer(ReadOnlyMemory<byte> shipped)
    {
        var file = JsonNode.Parse(shipped.Span)!;
        file["services"]!.AsArray().Add((JsonNode)new JsonArray(new JsonArray("au"), new JsonArray("https://rdap.cctld.au/rdap/")));
        return JsonSerializer.SerializeToUtf8Bytes(file);
    }
}
