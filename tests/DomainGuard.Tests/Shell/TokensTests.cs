using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using DomainGuard.Core.Domains;
using DomainGuard.Web.Shared;
using DomainGuard.Web.Shell;
using MudBlazor;
using MudBlazor.Utilities;

namespace DomainGuard.Tests.Shell;

/// <summary><c>tokens.css</c> is the source of every colour: readable in both themes, and the same numbers in MudBlazor's theme.</summary>
public sealed partial class TokensTests
{
    private static readonly Dictionary<string, string> Light = Read(dark: false);
    private static readonly Dictionary<string, string> Dark = Read(dark: true);

    /// <summary>Colour of MudBlazor's palettes, and its token.</summary>
    private static readonly (string Property, string Token)[] Palette =
    [
        ("Primary", "accent"), ("PrimaryContrastText", "accent-on"), ("Secondary", "text-2"), ("SecondaryContrastText", "surface"), ("Tertiary", "hands-solid"), ("TertiaryContrastText", "hands-on"),
        ("Info", "info"), ("InfoContrastText", "surface"), ("Success", "ok"), ("SuccessContrastText", "surface"), ("Warning", "warn"), ("WarningContrastText", "surface"), ("Error", "bad"),
        ("ErrorContrastText", "surface"), ("Dark", "inverse"), ("DarkContrastText", "inverse-text"), ("TextPrimary", "text"), ("AppbarText", "text"), ("TextSecondary", "text-2"), ("DrawerText", "text-2"),
        ("DrawerIcon", "text-2"), ("ActionDefault", "text-2"), ("TextDisabled", "text-3"), ("ActionDisabled", "text-3"), ("Background", "bg"), ("BackgroundGray", "surface-2"), ("DrawerBackground", "surface-2"),
        ("ActionDisabledBackground", "surface-2"), ("Surface", "surface"), ("AppbarBackground", "surface"), ("LinesDefault", "line"), ("TableLines", "line"), ("Divider", "line"), ("LinesInputs", "control-line"),
        ("TableHover", "surface-3"), ("Skeleton", "surface-3"), ("TableStriped", "surface"),
    ];

    /// <summary>Foreground, the grounds it stands on, and the least contrast (WCAG 2.2: 4.5 for text, 3 for glyphs, edges and segments).</summary>
    private static readonly (string[] Fore, string[] Back, double Least)[] Pairs =
    [
        (["text", "text-2", "text-3"], ["bg", "surface", "surface-2", "accent-soft", "warn-soft", "bad-soft"], 4.5),
        (["text", "text-2"], ["surface-3", "ok-soft", "hands-soft"], 4.5),
        (["accent"], ["bg", "surface", "surface-2", "accent-soft", "warn-soft", "ok-soft", "bad-soft"], 4.5),
        (["accent-on"], ["accent", "accent-hover"], 4.5),
        (["inverse-text", "inverse-link"], ["inverse"], 4.5),
        (["ok", "warn", "bad", "info"], ["bg", "surface", "surface-2", "accent-soft"], 4.5),
        (["ok"], ["ok-soft"], 4.5), (["warn"], ["warn-soft"], 4.5), (["bad"], ["bad-soft"], 4.5), (["info"], ["info-soft"], 4.5),
        (["hands"], ["hands-soft", "surface", "accent-soft"], 4.5), (["hands-on"], ["hands-solid"], 4.5), (["hands-solid"], ["surface"], 3),
        (["sev-critical", "sev-high", "sev-medium", "sev-low"], ["surface", "bg", "accent-soft"], 4.5), (["surface"], ["sev-critical"], 4.5),
        (["conf-corroborated", "conf-single", "conf-conflicting", "conf-none"], ["surface", "accent-soft"], 4.5),
        (["control-line"], ["surface"], 3), (["focus"], ["surface", "bg"], 3), (["ch-1", "ch-2"], ["surface"], 3), (["inverse"], ["bg"], 3),
    ];

    public static TheoryData<string, string, double> Contrasts
    {
        get
        {
            var data = new TheoryData<string, string, double>();
            foreach (var (fore, back, least) in Pairs)
            {
                foreach (var f in fore)
                {
                    foreach (var b in back)
                    {
                        data.Add(f, b, least);
                    }
                }
            }

            foreach (var css in Enum.GetValues<Phase>().Select(p => "ph-" + Words.Of(p).Css))
            {
                data.Add(css, css + "-soft", 4.5);
                data.Add(css + "-on", css + "-solid", 4.5);
                // Pale segments are drawn with an edge in the colour of the phase's text.
                data.Add(css is "ph-expiringsoon" or "ph-expired" or "ph-notapplicable" ? css : css + "-solid", "surface", 3);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Contrasts))]
    public void Can_be_read_in_both_themes(string fore, string back, double least)
    {
        Assert.True(Contrast(Light[fore], Light[back]) >= least, $"light: {Contrast(Light[fore], Light[back]):0.00}");
        Assert.True(Contrast(Dark[fore], Dark[back]) >= least, $"dark: {Contrast(Dark[fore], Dark[back]):0.00}");
    }

    [Fact]
    public void Contrast_is_computed_as_WCAG_does()
    {
        Assert.Equal(21, Contrast("#000000", "#FFFFFF"), 2);
        Assert.Equal(4.48, Contrast("#777777", "#FFFFFF"), 2);
    }

    [Fact]
    public void Both_themes_name_the_same_colours() =>
        Assert.Empty(Light.Where(t => t.Value.StartsWith('#') && Dark[t.Key] == t.Value).Select(t => t.Key).Except(["ph-pendingdelete-on"]));

    [Fact]
    public void MudBlazor_has_the_colours_of_the_tokens()
    {
        foreach (var (property, token) in Palette)
        {
            Assert.Equal((property, Light[token]), (property, Colour(GuardTheme.Theme.PaletteLight, property)));
            Assert.Equal((property, Dark[token]), (property, Colour(GuardTheme.Theme.PaletteDark, property)));
        }
    }

    [Fact]
    public void MudBlazor_has_the_sizes_and_fonts_of_the_tokens()
    {
        var (layout, type) = (GuardTheme.Theme.LayoutProperties, GuardTheme.Theme.Typography);
        Assert.Equal(
            (Light["r-2"], Light["nav"], Light["nav-rail"], Light["bar"]),
            (layout.DefaultBorderRadius, layout.DrawerWidthLeft, layout.DrawerMiniWidthLeft, layout.AppbarHeight));
        foreach (var (style, token) in new (BaseTypography, string)[] { (type.Default, "body"), (type.H1, "h1"), (type.H2, "h2"), (type.H3, "h3"), (type.H6, "h2"), (type.Body1, "body"), (type.Body2, "small"), (type.Caption, "micro") })
        {
            Assert.Equal((Light["fs-" + token], Light["lh-" + token]), (style.FontSize, style.LineHeight));
        }

        Assert.Equal(Light["font-ui"].Split(',').Select(f => f.Trim(' ', '"')), type.Default.FontFamily);
    }

    private static string Colour(Palette palette, string property) =>
        ((MudColor)palette.GetType().GetProperty(property, BindingFlags.Public | BindingFlags.Instance)!.GetValue(palette)!) is var c ? $"#{c.R:X2}{c.G:X2}{c.B:X2}" : "";

    private static double Contrast(string one, string other)
    {
        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);

        static double Luminance(string hex)
        {
            double Channel(int at)
            {
                var c = int.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
                return c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
            }

            return (0.2126 * Channel(1)) + (0.7152 * Channel(3)) + (0.0722 * Channel(5));
        }
    }

    private static Dictionary<string, string> Read(bool dark)
    {
        var css = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Shell", "tokens.css"));
        var blocks = css.Split("[data-theme=\"dark\"] {");
        return Token().Matches(blocks[dark ? 1 : 0]).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value.Trim());
    }

    [GeneratedRegex("""--([a-z0-9-]+):\s*([^;]+);""")]
    private static partial Regex Token();
}
