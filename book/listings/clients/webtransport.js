const socket = io("https://example.com", {
  transports: ["webtransport", "websocket", "polling"],
  tryAllTransports: true,
  // Only for a certificate that browsers cannot check by themselves.
  transportOptions: {
    webtransport: { serverCertificateHashes: [{ algorithm: "sha-256", value: hash }] },
  },
});
