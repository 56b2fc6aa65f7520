using Microsoft.AspNetCore.Components;
using QRCoder;

namespace DomainGuard.Web.Features.SignIn;

/// <summary>The key of an authenticator as the picture that its app scans: SVG in the document, no request, no script.</summary>
internal static class QrCode
{
    private const string Issuer = "DomainGuard";

    /// <summary>The URI that authenticator apps read ("Key Uri Format").</summary>
    public static string UriOf(string userName, string key) => $"otpauth://totp/{Issuer}:{Uri.EscapeDataString(userName)}?secret={key}&issuer={Issuer}&digits=6";

    /// <summary>Black on white in both themes: readers want it so.</summary>
    public static MarkupString Svg(string text)
    {
        using var data = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        using var svg = new SvgQRCode(data);
        return (MarkupString)svg.GetGraphic(4, "#000000", "#ffffff", drawQuietZones: true, SvgQRCode.SizingMode.ViewBoxAttribute);
    }
}
