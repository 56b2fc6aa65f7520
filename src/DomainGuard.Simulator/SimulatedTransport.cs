using System.Net;
using DomainGuard.Core.Domains;
using DomainGuard.Core.Scheduling;
using DomainGuard.Lookups;
using DomainGuard.Lookups.Http;
using Microsoft.Extensions.Options;

namespace DomainGuard.Simulator;

/// <summary>Plugs the pretend world in where HTTP would leave the process: the real clients and parsers run above it.</summary>
public sealed class SimulatedTransport(IOptions<LookupOptions> options, World world, GuardClock clock) : LookupTransport(options)
{
    /// <inheritdoc />
    public override HttpMessageHandler CreateHandler(SourceKind source) => new Handler(world, clock);

    private sealed class Handler(World world, GuardClock clock) : HttpMessageHandler
    {
        private readonly Rdap.RdapServer _rdap = new(world);
        private readonly DomainResearchServer _research = new(world);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var url = request.RequestUri!;
            var now = clock.Now;
            // A few milliseconds, different by name, so that progress can be seen and durations are not all zero.
            await Task.Delay(4 + (world.Lives.Pick(url.AbsolutePath) % 24), cancellationToken);
            var query = url.Query.TrimStart('?').Split('&').Select(p => p.Split('=', 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => Uri.UnescapeDataString(p[1]));
            var response = url.AbsolutePath switch
            {
                var path when path.Contains("/domain/", StringComparison.Ordinal) => _rdap.Answer(path[(path.LastIndexOf('/') + 1)..].ToLowerInvariant(), now),
                var path when path.EndsWith("/tools/status", StringComparison.Ordinal) && query.TryGetValue("domain", out var name) => _research.AnswerFastly(name, now),
                var path when path.EndsWith("/v2/status", StringComparison.Ordinal) && query.TryGetValue("domain", out var name) => _research.AnswerDomainr(name, now),
                _ => new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StringContent("") },
            };
            response.RequestMessage = request;
            return response;
        }
    }
}
