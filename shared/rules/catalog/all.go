package catalog

// All lists every platform, in the order in which a person meets them.
func All() []*Platform {
	return []*Platform{HubSpot(), Jobber(), QuickBooks(), Salesforce(), Pipedrive(), Xero()}
}
