package platform

// App is what a connection's vendor app is known by. Secret: never logged.
type App struct {
	ClientID      string `json:"client_id"`
	ClientSecret  string `json:"client_secret"`
	WebhookSecret string `json:"webhook_secret"`
	// DeveloperKey is the vendor's key to its API for apps themselves (Settings.AppKey); only commands of a person's use it.
	DeveloperKey string `json:"developer_api_key,omitempty"`
	// BaseURL and TokenURL replace the vendor's own, for sandboxes and simulators.
	BaseURL  string `json:"base_url,omitempty"`
	TokenURL string `json:"token_url,omitempty"`
	// AuthorizeURL and RevokeURL do so for connecting and disconnecting.
	AuthorizeURL string `json:"authorize_url,omitempty"`
	RevokeURL    string `json:"revoke_url,omitempty"`
}
