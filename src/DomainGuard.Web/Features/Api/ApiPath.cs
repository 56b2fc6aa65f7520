using Microsoft.AspNetCore.Http.Features;

namespace DomainGuard.Web.Features.Api;

/// <summary>
/// The platform's ids in a path. The server decodes a path but for <c>%2F</c>, so an id with a slash would come as <c>a%2Fb</c>, and could not be told from one that is written so (<c>a%252Fb</c>): the
/// target as it was sent tells.
/// </summary>
internal static class ApiPath
{
    private const string Slash = "%2F";

    /// <summary>A segment's value as the caller means it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="routed">The segment as routing gives it.</param>
    public static string Value(HttpContext context, string routed)
    {
        if (!routed.Contains(Slash, StringComparison.OrdinalIgnoreCase))
        {
            return routed;
        }

        var lenient = WithSlashes(routed);
        var sent = (context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "").Split('?')[0].Split('/').Select(Uri.UnescapeDataString);
        // What was rewritten on the way (dot segments) is found in no segment.
        return sent.FirstOrDefault(s => WithSlashes(s) == lenient) ?? lenient;
    }

    private static string WithSlashes(string text) => text.Replace(Slash, "/", StringComparison.OrdinalIgnoreCase);
}
