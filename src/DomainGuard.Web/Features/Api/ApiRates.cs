using System.Globalization;
using DomainGuard.Web.Hosting;
using Microsoft.Extensions.Options;

namespace DomainGuard.Web.Features.Api;

/// <summary>The share of requests that each key has, in this process; says in headers what is left of it (<c>RateLimit</c>, <c>RateLimit-Policy</c>).</summary>
internal sealed class ApiRates(IOptions<DomainGuardOptions> options, TimeProvider time)
{
    private readonly RequestRate _rate = new(options.Value.Api.RequestsPerMinute, time);
    private readonly string _policy = string.Create(CultureInfo.InvariantCulture, $"\"key\";q={options.Value.Api.RequestsPerMinute};w={(int)RequestRate.Window.TotalSeconds}");

    /// <summary>Takes one request from the share of a caller.</summary>
    /// <returns>Whether it may go on.</returns>
    public bool TryTake(HttpContext context, ApiCaller caller)
    {
        var share = _rate.Take(caller.KeyId.ToString("N"));
        var headers = context.Response.Headers;
        headers["RateLimit-Policy"] = _policy;
        headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"key\";r={share.Remaining};t={Seconds(share.Reset)}");
        if (!share.Taken)
        {
            headers.RetryAfter = Seconds(share.RetryAfter);
        }

        return share.Taken;
    }

    /// <summary>Whole seconds, rounded up, at least one.</summary>
    public static string Seconds(TimeSpan span) => Math.Max(1, (long)Math.Ceiling(span.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
}
