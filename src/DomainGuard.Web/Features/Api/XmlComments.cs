using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DomainGuard.Web.Features.Api;

/// <summary>The comments of our own types, from the files that the compiler lays beside the assemblies: what a field means is said once, in the code.</summary>
internal sealed partial class XmlComments
{
    private readonly Dictionary<string, XElement> _members = new(StringComparer.Ordinal);

    /// <summary>Reads the files of some assemblies; one that is not there says nothing.</summary>
    public XmlComments(params IEnumerable<Assembly> assemblies)
    {
        foreach (var file in assemblies.Select(a => Path.Combine(AppContext.BaseDirectory, a.GetName().Name + ".xml")).Where(File.Exists))
        {
            foreach (var member in XDocument.Load(file).Descendants("member"))
            {
                _members[member.Attribute("name")!.Value] = member;
            }
        }
    }

    /// <summary>Of a type.</summary>
    public string? Of(Type type) => Find(Key("T", type))?.Element("summary") is { } summary ? Text(summary) : null;

    /// <summary>Of a property, by its own comment or that of the parameter of a record.</summary>
    public string? Of(Type type, string property)
    {
        var own = Find($"{Key("P", type)}.{property}")?.Element("summary");
        var parameter = Find(Key("T", type))?.Elements("param").FirstOrDefault(p => string.Equals(p.Attribute("name")?.Value, property, StringComparison.Ordinal));
        return (own ?? parameter) is { } comment ? Text(comment) : null;
    }

    private XElement? Find(string key) => _members.GetValueOrDefault(key);

    private static string Key(string kind, Type type) => $"{kind}:{(type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName!.Replace('+', '.')}";

    private static string Text(XElement element)
    {
        var text = string.Concat(element.Nodes().Select(n => n switch
        {
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            XElement reference => (reference.Attribute("cref")?.Value ?? reference.Attribute("langword")?.Value ?? reference.Value).Split('.', ':')[^1],
            _ => n.ToString(),
        }));
        return ForUs().Replace(Space().Replace(System.Net.WebUtility.HtmlDecode(text), " "), "").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    // What is said to who changes the code: "Stored: never renumber.", "(product section 7)".
    [GeneratedRegex(@"[^.]*\bnever (?:renumber|rename)\b[^.]*\.| \(product section [0-9.]+\)")]
    private static partial Regex ForUs();
}
