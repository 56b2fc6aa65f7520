using System.Text.Json;
using DomainGuard.Core.Domains;

namespace DomainGuard.Lookups.Rdap;

/// <summary>What a body turned out to be.</summary>
public enum RdapReadingKind
{
    /// <summary>A domain object; its facts are filled.</summary>
    Domain,

    /// <summary>An error object (RFC 9083 6).</summary>
    Error,

    /// <summary>A domain object of another name.</summary>
    WrongName,

    /// <summary>No RDAP: HTML, truncated, another object, nothing.</summary>
    NotRdap,
}

/// <summary>A body, read.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Facts">The facts; null unless <see cref="RdapReadingKind.Domain"/>.</param>
/// <param name="ErrorCode">Code of the error object; null when it has none.</param>
/// <param name="Text">Title and description of the error object, or what is wrong.</param>
public sealed record RdapReading(RdapReadingKind Kind, RdapFacts? Facts = null, int? ErrorCode = null, string Text = "")
{
    /// <summary>The error says that the registry keeps the name back: "This name is not available for registration: Registry Reserved".</summary>
    public bool SaysReserved =>
        Kind == RdapReadingKind.Error && ReservedWords.Any(w => Text.Contains(w, StringComparison.OrdinalIgnoreCase));

    /// <summary>The error comes from a redirector that knows no server of the TLD: "domain test.fr not found in IANA boostrap file" (sic).</summary>
    public bool SaysNotServed => Kind == RdapReadingKind.Error && Text.Contains("in IANA boo", StringComparison.OrdinalIgnoreCase);

    private static readonly string[] ReservedWords =
        ["registry reserved", "reserved name", "is reserved", "reserved by", "not available for registration", "premium", "blocked name", "is blocked", "dpml", "restricted name"];
}

/// <summary>
/// Reads RDAP answers as servers really write them (RFC 9083 5.3 and its violations): wrong types, missing members, nulls are taken as absent, never thrown at.
/// Sample: <c>{"objectClassName":"domain","ldhName":"EXAMPLE.COM","status":["active"],"events":[{"eventAction":"registration","eventDate":"1995-08-14T04:00:00Z"}]}</c>;
/// seen in the wild: <c>{"objectClassName":"domain","ldhName":42,"status":"active","events":[null],"entities":{}}</c>.
/// </summary>
public static class RdapReader
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    /// <summary>Reads a body. Never throws.</summary>
    /// <param name="body">The bytes after decompression.</param>
    /// <param name="askedName">The name that was asked: A-labels, lower case.</param>
    public static RdapReading Read(ReadOnlyMemory<byte> body, string askedName)
    {
        // A byte order mark is not JSON, but some servers send it.
        if (body.Span.StartsWith("\uFEFF"u8))
        {
            body = body[3..];
        }

        try
        {
            using var document = JsonDocument.Parse(body, Lenient);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? ReadObject(document.RootElement, askedName)
                : new RdapReading(RdapReadingKind.NotRdap, Text: "the answer is JSON, but no object");
        }
        catch (JsonException)
        {
            return new RdapReading(RdapReadingKind.NotRdap, Text: LooksLikeHtml(body.Span) ? "the answer is an HTML page" : "the answer is no whole JSON");
        }
        catch (InvalidOperationException)
        {
            // A string with a lone surrogate can be parsed and not be read.
            return new RdapReading(RdapReadingKind.NotRdap, Text: "the answer holds broken text");
        }
    }

    private static RdapReading ReadObject(JsonElement root, string askedName)
    {
        // An error object inside HTTP 200 exists: the code comes before the class name.
        if (ReadErrorCode(root) is { } code)
        {
            return new RdapReading(RdapReadingKind.Error, ErrorCode: code, Text: ErrorText(root));
        }

        var kind = Text(root, "objectClassName");
        if (string.Equals(kind, "error", StringComparison.OrdinalIgnoreCase))
        {
            return new RdapReading(RdapReadingKind.Error, Text: ErrorText(root));
        }

        if (kind is null ? Text(root, "ldhName") is null : !kind.Equals("domain", StringComparison.OrdinalIgnoreCase))
        {
            return new RdapReading(RdapReadingKind.NotRdap, Text: "the answer is no domain object");
        }

        if (!IsSameName(root, askedName))
        {
            return new RdapReading(RdapReadingKind.WrongName, Text: "the answer speaks of another name");
        }

        return new RdapReading(RdapReadingKind.Domain, ReadFacts(root));
    }

    /// <summary>Upper case, a trailing dot and a U-label in "ldhName" are the same name. "unicodeName" counts only where "ldhName" is none.</summary>
    private static bool IsSameName(JsonElement root, string askedName) =>
        Name(root, "ldhName") is { } name ? IsSame(name, askedName)
        : Name(root, "unicodeName") is not { } unicode || IsSame(unicode, askedName);

    private static string? Name(JsonElement root, string member) => Text(root, member)?.Trim() is { Length: > 0 } name ? name : null;

    private static bool IsSame(string name, string askedName) =>
        name.AsSpan().TrimEnd('.').Equals(askedName, StringComparison.OrdinalIgnoreCase) || (DomainName.TryNormalise(name, out var ascii, out _) && ascii == askedName);

    private static RdapFacts ReadFacts(JsonElement root)
    {
        var events = new Events();
        foreach (var item in Items(root, "events"))
        {
            events.Add(item);
        }

        var (registrarName, registrarId) = FindRegistrar(root, depth: 0);
        var (registrationHidden, expiryHidden) = ReadRedactions(root);
        return new RdapFacts
        {
            Handle = ReadHandle(root),
            Statuses = ReadStatuses(root),
            RegisteredAt = events.Registration,
            ExpiresAt = events.Expiration,
            LastChangedAt = events.LastChanged,
            LastTransferAt = events.Transfer,
            DeletedAt = events.Deletion,
            RegistrarExpiresAt = events.RegistrarExpiration,
            DatabaseUpdatedAt = events.DatabaseUpdate,
            RegistrationActor = events.RegistrationActor,
            RegistrarName = registrarName,
            RegistrarIanaId = registrarId,
            NameServers = ReadNameServers(root),
            RegistrationHidden = registrationHidden,
            ExpiryHidden = expiryHidden,
        };
    }

    private static string? ReadHandle(JsonElement root) =>
        Cut(Text(root, "handle"), 200) is { } handle && !handle.Contains("redacted", StringComparison.OrdinalIgnoreCase) ? handle : null;

    private static List<string> ReadStatuses(JsonElement root)
    {
        List<string> statuses = [];
        if (root.TryGetProperty("status", out var member))
        {
            if (member.ValueKind == JsonValueKind.String)
            {
                AddStatus(member.GetString());
            }
            else if (member.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in member.EnumerateArray())
                {
                    if (item.ValueKind == JsonValueKind.String)
                    {
                        AddStatus(item.GetString());
                    }
                }
            }
        }

        return statuses;

        void AddStatus(string? value)
        {
            var status = RdapStatuses.Normalise(value);
            if (status.Length is > 0 and <= 100 && statuses.Count < 50 && !statuses.Contains(status))
            {
                statuses.Add(status);
            }
        }
    }

    private static List<string> ReadNameServers(JsonElement root)
    {
        List<string> hosts = [];
        foreach (var item in Items(root, root.TryGetProperty("nameservers", out _) ? "nameservers" : "nameServers"))
        {
            var name = item.ValueKind == JsonValueKind.Object ? Text(item, "ldhName") ?? Text(item, "unicodeName") : AsText(item);
            if (DomainName.TryNormalise(name, out var host, out _) && hosts.Count < 50 && !hosts.Contains(host))
            {
                hosts.Add(host);
            }
        }

        hosts.Sort(StringComparer.Ordinal);
        return hosts;
    }

    /// <summary>The entity whose roles hold "registrar": any case, maybe nested. Its IANA number compares better than its name.</summary>
    private static (string? Name, string? IanaId) FindRegistrar(JsonElement holder, int depth)
    {
        (string?, string?) found = default;
        foreach (var entity in Items(holder, "entities"))
        {
            if (entity.ValueKind != JsonValueKind.Object)
            {
                continue;
            }

            if (Items(entity, "roles").Any(r => string.Equals(AsText(r)?.Trim(), "registrar", StringComparison.OrdinalIgnoreCase))
                || string.Equals(Text(entity, "roles"), "registrar", StringComparison.OrdinalIgnoreCase))
            {
                var candidate = (Cut(ReadFormattedName(entity), 300), Cut(ReadIanaId(entity), 20));
                if (candidate.Item2 is not null)
                {
                    return candidate;
                }

                found = found.Item1 is null ? candidate : found;
            }

            if (depth < 4 && found == default)
            {
                found = FindRegistrar(entity, depth + 1);
            }
        }

        return found;
    }

    private static string? ReadIanaId(JsonElement entity)
    {
        foreach (var id in Items(entity, "publicIds"))
        {
            if (id.ValueKind == JsonValueKind.Object && Text(id, "type") is { } type && type.Contains("IANA", StringComparison.OrdinalIgnoreCase)
                && id.TryGetProperty("identifier", out var value))
            {
                return value.ValueKind == JsonValueKind.Number ? value.GetRawText() : AsText(value)?.Trim();
            }
        }

        return null;
    }

    /// <summary>jCard (RFC 7095) member "fn": ["vcard", [["fn", {}, "text", "Name"]]]; bad answers flatten or empty it.</summary>
    private static string? ReadFormattedName(JsonElement entity)
    {
        if (!entity.TryGetProperty("vcardArray", out var card))
        {
            return null;
        }

        return Find(card, 0);

        static string? Find(JsonElement element, int depth)
        {
            if (element.ValueKind != JsonValueKind.Array || depth > 3)
            {
                return null;
            }

            var length = element.GetArrayLength();
            if (length >= 4 && string.Equals(AsText(element[0]), "fn", StringComparison.OrdinalIgnoreCase))
            {
                return AsText(element[3])?.Trim() is { Length: > 0 } name ? name : null;
            }

            foreach (var item in element.EnumerateArray())
            {
                if (Find(item, depth + 1) is { } name)
                {
                    return name;
                }
            }

            return null;
        }
    }

    /// <summary>RFC 9537: what the registry says that it leaves out.</summary>
    private static (bool Registration, bool Expiry) ReadRedactions(JsonElement root)
    {
        var (registration, expiry) = (false, false);
        foreach (var item in Items(root, "redacted"))
        {
            if (item.ValueKind != JsonValueKind.Object)
            {
                continue;
            }

            var name = item.TryGetProperty("name", out var n) && n.ValueKind == JsonValueKind.Object ? Text(n, "type") ?? Text(n, "description") ?? "" : "";
            var path = Text(item, "prePath") ?? Text(item, "postPath") ?? "";
            var isRegistrars = name.Contains("Registrar Registration", StringComparison.OrdinalIgnoreCase) || path.Contains("registrar expiration", StringComparison.OrdinalIgnoreCase);
            registration |= name.Contains("Creation Date", StringComparison.OrdinalIgnoreCase) || name.Contains("Registration Date", StringComparison.OrdinalIgnoreCase)
                || path.Contains("'registration'", StringComparison.OrdinalIgnoreCase);
            expiry |= !isRegistrars && (name.Contains("Expiration Date", StringComparison.OrdinalIgnoreCase) || name.Contains("Expiry Date", StringComparison.OrdinalIgnoreCase)
                || path.Contains("'expiration'", StringComparison.OrdinalIgnoreCase));
        }

        return (registration, expiry);
    }

    private static int? ReadErrorCode(JsonElement root)
    {
        if (!root.TryGetProperty("errorCode", out var code))
        {
            return null;
        }

        return code.ValueKind == JsonValueKind.Number && code.TryGetInt32(out var number) ? number
            : code.ValueKind == JsonValueKind.String && int.TryParse(code.GetString(), out number) ? number : 0;
    }

    private static string ErrorText(JsonElement root)
    {
        // Notices are left out: "all rights reserved" stands there.
        var words = Items(root, "description").Select(AsText).Prepend(Text(root, "title")).Append(Text(root, "description"));
        return Cut(string.Join(" ", words.Where(w => !string.IsNullOrWhiteSpace(w))), 400) ?? "";
    }

    private static bool LooksLikeHtml(ReadOnlySpan<byte> body)
    {
        var start = body.TrimStart(" \t\r\n"u8);
        return !start.IsEmpty && start[0] == '<';
    }

    private static IEnumerable<JsonElement> Items(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var member) && member.ValueKind == JsonValueKind.Array ? member.EnumerateArray().Take(1000) : [];

    private static string? Text(JsonElement holder, string name) => holder.TryGetProperty(name, out var member) ? AsText(member) : null;

    private static string? AsText(JsonElement element) => element.ValueKind == JsonValueKind.String ? element.GetString() : null;

    private static string? Cut(string? text, int length) =>
        string.IsNullOrWhiteSpace(text) ? null : text.Trim() is var t && t.Length > length ? t[..length] : t;

    /// <summary>Top-level events only: entities and name servers carry a "registration" of their own.</summary>
    private struct Events
    {
        internal DateTimeOffset? Registration { get; private set; }

        internal string? RegistrationActor { get; private set; }

        internal DateTimeOffset? Expiration { get; private set; }

        internal DateTimeOffset? LastChanged { get; private set; }

        internal DateTimeOffset? Transfer { get; private set; }

        internal DateTimeOffset? Deletion { get; private set; }

        internal DateTimeOffset? RegistrarExpiration { get; private set; }

        internal DateTimeOffset? DatabaseUpdate { get; private set; }

        internal void Add(JsonElement item)
        {
            if (item.ValueKind != JsonValueKind.Object || RdapDates.Parse(Text(item, "eventDate")) is not { } at)
            {
                return;
            }

            switch (RdapStatuses.Normalise(Text(item, "eventAction")))
            {
                case "registration" when Registration is null || at > Registration:
                    Registration = at;
                    RegistrationActor = Cut(Text(item, "eventActor"), 100);
                    break;
                case "expiration":
                    Expiration = Later(Expiration, at);
                    break;
                case "last changed":
                    LastChanged = Later(LastChanged, at);
                    break;
                case "transfer":
                    Transfer = Later(Transfer, at);
                    break;
                case "deletion":
                    Deletion = Later(Deletion, at);
                    break;
                case "registrar expiration":
                    RegistrarExpiration = Later(RegistrarExpiration, at);
                    break;
                case "last update of rdap database" or "last update":
                    DatabaseUpdate = Later(DatabaseUpdate, at);
                    break;
            }
        }

        private static DateTimeOffset Later(DateTimeOffset? known, DateTimeOffset at) => known is { } k && k > at ? k : at;
    }
}
