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
    private readonly IOptions<LookupOptions> _options = options;

    /// <summary>The longest a healthy server takes; each name has its own time below that, so that progress can be seen and durations are not all zero.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(28);

    /// <inheritdoc />
    public override HttpMessageHandler CreateHandler(SourceKind source) => new Handler(world, clock, Latency, new Uri(_options.Value.Rdap.BootstrapUrl));

    private sealed class Handler(World world, GuardClock clock, TimeSpan latency, Uri bootstrap) : HttpMessageHandler
    {
        private const double SlowServer = 350;
        private readonly Rdap.RdapServer _rdap = new(world);
        private readonly Rdap.BootstrapServer _bootstrap = new();
        private readonly DomainResearchServer _research = new(world);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var url = request.RequestUri!;
            var now = clock.Now;
            var isRdap = url.AbsolutePath.Contains("/domain/", StringComparison.Ordinal);
            var name = (isRdap ? url.AbsolutePath[(url.AbsolutePath.LastIndexOf('/') + 1)..] : DomainOf(url.Query)).ToLowerInvariant();
            await PauseAsync(isRdap, name, now, cancellationToken);
            var response = url.AbsolutePath switch
            {
                _ when isRdap => _rdap.Answer(name, now),
                _ when url == bootstrap => _bootstrap.Answer(request.Headers.IfNoneMatch),
                var path when name.Length > 0 && path.EndsWith("/tools/status", StringComparison.Ordinal) => _research.AnswerFastly(name, now),
                var path when name.Length > 0 && path.EndsWith("/v2/status", StringComparison.Ordinal) => _research.AnswerDomainr(name, now),
                _ => new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StringContent("") },
            };
            response.RequestMessage = request;
            return response;
        }

        private async ValueTask PauseAsync(bool isRdap, string name, DateTimeOffset now, CancellationToken cancel)
        {
            var isSlow = isRdap && Registries.TroubleOf(name[(name.LastIndexOf('.') + 1)..], world.Start, now) == Trouble.Slow;
            var pause = isSlow ? SlowServer : latency.TotalMilliseconds * (world.Lives.Pick(name) % 1000) / 1000;
            if (pause >= 1 && latency > TimeSpan.Zero)
            {
                await Task.Delay((int)pause, cancel);
            }
        }

        /// <summary>The parameter "domain" of "?client_id=x&amp;domain=example.com"; empty without one.</summary>
        private static string DomainOf(string query)
        {
            const string Key = "domain=";
            var parameter = Array.Find(query.TrimStart('?').Split('&'), p => p.StartsWith(Key, StringComparison.Ordinal));
            return parameter is null ? "" : Uri.UnescapeDataString(parameter[Key.Length..]);
        }
    }
}
