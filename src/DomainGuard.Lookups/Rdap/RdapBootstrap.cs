using System.Collections.Frozen;
using System.Text.Json;
using DomainGuard.Core.Domains;
using DomainGuard.Lookups.Http;
using Microsoft.Extensions.Options;

namespace DomainGuard.Lookups.Rdap;

/// <summary>A copy of the IANA file.</summary>
/// <param name="Content">The file, UTF-8.</param>
/// <param name="ETag">Its ETag; null when the server gave none.</param>
/// <param name="CheckedAt">When it was last fetched or confirmed (UTC).</param>
public sealed record BootstrapFile(byte[] Content, string? ETag, DateTimeOffset CheckedAt);

/// <summary>Keeps no copy beyond this process.</summary>
public sealed class MemoryBootstrapStore : IBootstrapStore
{
    private BootstrapFile? _file;

    /// <inheritdoc />
    public Task<BootstrapFile?> ReadAsync(CancellationToken cancel) => Task.FromResult(_file);

    /// <inheritdoc />
    public Task WriteAsync(BootstrapFile file, CancellationToken cancel)
    {
        _file = file;
        return Task.CompletedTask;
    }
}

/// <summary>Where the last good copy is kept.</summary>
public interface IBootstrapStore
{
    /// <summary>The last good copy; null when there is none.</summary>
    Task<BootstrapFile?> ReadAsync(CancellationToken cancel);

    /// <summary>Keeps a good copy.</summary>
    Task WriteAsync(BootstrapFile file, CancellationToken cancel);
}

/// <summary>Which RDAP server knows a TLD: the IANA file (RFC 9224), then the override table. Readers never wait for a refresh.</summary>
public sealed class RdapBootstrap
{
    private readonly IOptions<LookupOptions> _options;
    private readonly LookupTransport _transport;
    private readonly GuardedClient _client;
    private readonly FrozenDictionary<string, Uri> _overrides;
    private volatile FrozenDictionary<string, Uri> _servers;
    private volatile BootstrapFile? _current;

    /// <summary>Begins with the shipped copy.</summary>
    public RdapBootstrap(IOptions<LookupOptions> options, LookupTransport transport, TimeProvider time)
    {
        _options = options;
        _transport = transport;
        _client = new GuardedClient(new HttpMessageInvoker(transport.CreateHandler(SourceKind.Rdap)), transport, time);
        _overrides = ReadOverrides(options.Value.Rdap);
        _servers = Parse(ShippedFile) ?? throw new InvalidOperationException("The shipped IANA bootstrap file cannot be read.");
    }

    /// <summary>The copy of the IANA file that comes with the product.</summary>
    public static ReadOnlyMemory<byte> ShippedFile => Shipped("iana-dns.json");

    /// <summary>TLDs that have a server in the IANA file.</summary>
    public int Count => _servers.Count;

    /// <summary>When the file in use was last fetched or confirmed (UTC); null while it is the shipped one.</summary>
    public DateTimeOffset? CheckedAt => _current?.CheckedAt;

    /// <summary>Base URL of the server that knows the name, ending in "/": the longest suffix of whole labels counts (RFC 9224 4). Null: no known server.</summary>
    public Uri? BaseUrlFor(string domain)
    {
        var servers = _servers;
        for (var start = 0; ;)
        {
            var suffix = domain[start..];
            if (servers.TryGetValue(suffix, out var url))
            {
                return url;
            }

            var dot = domain.IndexOf('.', start);
            if (dot < 0)
            {
                return _overrides.GetValueOrDefault(suffix);
            }

            start = dot + 1;
        }
    }

    /// <summary>Takes the last good copy into use. A copy that cannot be read is passed over.</summary>
    public async Task LoadAsync(IBootstrapStore store, CancellationToken cancel)
    {
        if (await store.ReadAsync(cancel) is { } file && Parse(file.Content) is { } servers)
        {
            (_servers, _current) = (servers, file);
        }
    }

    /// <summary>
    /// Loads the last good copy and, when that is a day old or there is none, asks for a newer one, for three seconds at most: a look-up is not held up for long by a
    /// server that is down, and the copy at hand stays in use.
    /// </summary>
    /// <returns>Null when all is well; else what went wrong, in words.</returns>
    public async Task<string?> KeepFreshAsync(IBootstrapStore store, DateTimeOffset now, CancellationToken cancel)
    {
        await LoadAsync(store, cancel);
        if (!_options.Value.Rdap.Enabled || (CheckedAt is { } at && at <= now && now - at < TimeSpan.FromDays(1)))
        {
            return null;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(3));
        try
        {
            return await RefreshAsync(store, now, patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return "the bootstrap file did not come within 3 s; the copy at hand stays in use";
        }
    }

    /// <summary>
    /// Asks the IANA server for a newer file. A file that cannot be read, or that lost more than a fifth of its TLDs, never replaces a good one.
    /// </summary>
    /// <returns>Null when all is well; else what went wrong, in words.</returns>
    public async Task<string?> RefreshAsync(IBootstrapStore store, DateTimeOffset now, CancellationToken cancel)
    {
        var answer = await _client.GetAsync(
            new Uri(_options.Value.Rdap.BootstrapUrl),
            "application/json",
            h =>
            {
                if (_current?.ETag is { } etag)
                {
                    h.TryAddWithoutValidation("If-None-Match", etag);
                }
            },
            cancel);
        if (answer.Status == 304 && _current is { } confirmed)
        {
            _current = confirmed with { CheckedAt = now };
            await store.WriteAsync(_current, cancel);
            return null;
        }

        if (answer.Status != 200)
        {
            return $"the bootstrap file was not fetched: {answer.Error ?? $"HTTP {answer.Status}"}; the last good copy stays in use";
        }

        if (Parse(answer.Body) is not { } servers)
        {
            return "the bootstrap file that came cannot be read; the last good copy stays in use";
        }

        if (_current is not null && servers.Count < _servers.Count * 4 / 5)
        {
            return $"the bootstrap file that came names {servers.Count} TLDs instead of {_servers.Count}; the last good copy stays in use";
        }

        var file = new BootstrapFile(answer.Body, answer.ETag, now);
        await store.WriteAsync(file, cancel);
        (_servers, _current) = (servers, file);
        return null;
    }

    /// <summary>
    /// <c>{"services":[[["com","net"],["https://.../"]]]}</c>. A service that is no pair, a label or URL that is none, is left out
    /// (seen: <c>"http://example.org/%%"</c>, an empty service); null when the whole is no such file or names no server.
    /// </summary>
    private FrozenDictionary<string, Uri>? Parse(ReadOnlyMemory<byte> content)
    {
        try
        {
            using var document = JsonDocument.Parse(content);
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("services", out var services) || services.ValueKind != JsonValueKind.Array)
            {
                return null;
            }

            var servers = new Dictionary<string, Uri>(StringComparer.Ordinal);
            foreach (var service in services.EnumerateArray())
            {
                if (service.ValueKind != JsonValueKind.Array || service.GetArrayLength() < 2
                    || service[0].ValueKind != JsonValueKind.Array || service[1].ValueKind != JsonValueKind.Array
                    || Choose(service[1]) is not { } url)
                {
                    continue;
                }

                foreach (var label in service[0].EnumerateArray())
                {
                    if (label.ValueKind == JsonValueKind.String && DomainName.TryNormalise(label.GetString(), out var suffix, out _))
                    {
                        servers.TryAdd(suffix, url);
                    }
                }
            }

            return servers.Count == 0 ? null : servers.ToFrozenDictionary(StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private Uri? Choose(JsonElement urls) =>
        urls.EnumerateArray().Where(u => u.ValueKind == JsonValueKind.String).Select(u => BaseUrl(u.GetString()!)).FirstOrDefault(u => u is not null && IsUsable(u));

    private bool IsUsable(Uri url) => url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && _transport.IsAllowedPrivate(url));

    private static Uri? BaseUrl(string text) => Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var url) ? url : null;

    private static FrozenDictionary<string, Uri> ReadOverrides(RdapOptions options)
    {
        var table = options.Overrides.Count > 0
            ? options.Overrides
            : JsonSerializer.Deserialize<Dictionary<string, string>>(Shipped("RdapOverrides.json").Span)!;
        var servers = new Dictionary<string, Uri>(StringComparer.Ordinal);
        foreach (var (tld, url) in table)
        {
            if (TryReadTld(tld, out var label) && BaseUrl(url) is { } server)
            {
                servers.TryAdd(label, server);
            }
        }

        return servers.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>"de", ".DE" and "рф" as A-label; false for what is no single label.</summary>
    internal static bool TryReadTld(string text, out string label) =>
        DomainName.TryNormalise(text.TrimStart('.'), out label, out _) && !label.Contains('.', StringComparison.Ordinal);

    private static ReadOnlyMemory<byte> Shipped(string name)
    {
        using var stream = typeof(RdapBootstrap).Assembly.GetManifestResourceStream($"DomainGuard.Lookups.Rdap.Data.{name}")
            ?? throw new InvalidOperationException($"{name} is missing from the assembly.");
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
