using MudBlazor;

namespace DomainGuard.Web.Shell;

/// <summary>MudBlazor's theme, filled from the same numbers as <c>wwwroot/css/tokens.css</c>; a test compares them.</summary>
internal static class GuardTheme
{
    private static readonly string[] Fonts = ["Inter", "Segoe UI Variable Text", "Segoe UI", "system-ui", "-apple-system", "Helvetica Neue", "Arial", "sans-serif"];

    public static MudTheme Theme { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0B6074", PrimaryContrastText = "#FFFFFF", Secondary = "#3F4C50", SecondaryContrastText = "#FFFFFF", Tertiary = "#9A1A83", TertiaryContrastText = "#FFFFFF",
            Info = "#1C508F", InfoContrastText = "#FFFFFF", Success = "#17693F", SuccessContrastText = "#FFFFFF", Warning = "#7A4B00", WarningContrastText = "#FFFFFF",
            Error = "#A81D2E", ErrorContrastText = "#FFFFFF", Dark = "#17232A", DarkContrastText = "#F3F7F8",
            TextPrimary = "#131C1F", AppbarText = "#131C1F", TextSecondary = "#3F4C50", DrawerText = "#3F4C50", DrawerIcon = "#3F4C50", ActionDefault = "#3F4C50",
            TextDisabled = "#566367", ActionDisabled = "#566367", Background = "#F5F7F7", BackgroundGray = "#EFF2F2", DrawerBackground = "#EFF2F2", ActionDisabledBackground = "#EFF2F2",
            Surface = "#FFFFFF", AppbarBackground = "#FFFFFF", LinesDefault = "#DCE2E3", TableLines = "#DCE2E3", Divider = "#DCE2E3", LinesInputs = "#7F8C90",
            TableHover = "#E4E9EA", Skeleton = "#E4E9EA", TableStriped = "#FFFFFF",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#62C5D8", PrimaryContrastText = "#05232B", Secondary = "#B7C3C6", SecondaryContrastText = "#141B1E", Tertiary = "#DC6CC8", TertiaryContrastText = "#2A0423",
            Info = "#92BDF5", InfoContrastText = "#141B1E", Success = "#6FD0A0", SuccessContrastText = "#141B1E", Warning = "#EBBB62", WarningContrastText = "#141B1E",
            Error = "#FF949E", ErrorContrastText = "#141B1E", Dark = "#E4EBEC", DarkContrastText = "#101A1D",
            TextPrimary = "#E7EDEE", AppbarText = "#E7EDEE", TextSecondary = "#B7C3C6", DrawerText = "#B7C3C6", DrawerIcon = "#B7C3C6", ActionDefault = "#B7C3C6",
            TextDisabled = "#93A1A5", ActionDisabled = "#93A1A5", Background = "#0D1315", BackgroundGray = "#1A2326", DrawerBackground = "#1A2326", ActionDisabledBackground = "#1A2326",
            Surface = "#141B1E", AppbarBackground = "#141B1E", LinesDefault = "#263236", TableLines = "#263236", Divider = "#263236", LinesInputs = "#6C7C81",
            TableHover = "#243034", Skeleton = "#243034", TableStriped = "#141B1E",
        },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "6px", DrawerWidthLeft = "196px", DrawerMiniWidthLeft = "52px", AppbarHeight = "48px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Fonts, FontSize = "13px", LineHeight = "18px", FontWeight = "400" },
            H1 = new H1Typography { FontFamily = Fonts, FontSize = "20px", LineHeight = "26px", FontWeight = "600" },
            H2 = new H2Typography { FontFamily = Fonts, FontSize = "16px", LineHeight = "22px", FontWeight = "600" },
            H3 = new H3Typography { FontFamily = Fonts, FontSize = "14px", LineHeight = "20px", FontWeight = "600" },
            H6 = new H6Typography { FontFamily = Fonts, FontSize = "16px", LineHeight = "22px", FontWeight = "600" },
            Body1 = new Body1Typography { FontFamily = Fonts, FontSize = "13px", LineHeight = "18px", FontWeight = "400" },
            Body2 = new Body2Typography { FontFamily = Fonts, FontSize = "12px", LineHeight = "16px", FontWeight = "400" },
            Caption = new CaptionTypography { FontFamily = Fonts, FontSize = "11px", LineHeight = "14px", FontWeight = "400" },
            Button = new ButtonTypography { FontFamily = Fonts, FontSize = "13px", LineHeight = "1", FontWeight = "500", TextTransform = "none" },
        },
    };
}
