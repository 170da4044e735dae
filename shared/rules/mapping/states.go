package mapping

// states are the states, the district and the territories that US mail goes to, by name, each with its postal code
// (USPS Publication 28, appendix B).
var states = map[string]string{
	"ALABAMA": "AL", "ALASKA": "AK", "AMERICAN SAMOA": "AS", "ARIZONA": "AZ", "ARKANSAS": "AR", "CALIFORNIA": "CA",
	"COLORADO": "CO", "CONNECTICUT": "CT", "DELAWARE": "DE", "DISTRICT OF COLUMBIA": "DC", "FLORIDA": "FL",
	"GEORGIA": "GA", "GUAM": "GU", "HAWAII": "HI", "IDAHO": "ID", "ILLINOIS": "IL", "INDIANA": "IN", "IOWA": "IA",
	"KANSAS": "KS", "KENTUCKY": "KY", "LOUISIANA": "LA", "MAINE": "ME", "MARYLAND": "MD", "MASSACHUSETTS": "MA",
	"MICHIGAN": "MI", "MINNESOTA": "MN", "MISSISSIPPI": "MS", "MISSOURI": "MO", "MONTANA": "MT", "NEBRASKA": "NE",
	"NEVADA": "NV", "NEW HAMPSHIRE": "NH", "NEW JERSEY": "NJ", "NEW MEXICO": "NM", "NEW YORK": "NY",
	"NORTH CAROLINA": "NC", "NORTH DAKOTA": "ND", "NORTHERN MARIANA ISLANDS": "MP", "OHIO": "OH", "OKLAHOMA": "OK",
	"OREGON": "OR", "PENNSYLVANIA": "PA", "PUERTO RICO": "PR", "RHODE ISLAND": "RI", "SOUTH CAROLINA": "SC",
	"SOUTH DAKOTA": "SD", "TENNESSEE": "TN", "TEXAS": "TX", "UTAH": "UT", "VERMONT": "VT", "VIRGIN ISLANDS": "VI",
	"VIRGINIA": "VA", "WASHINGTON": "WA", "WEST VIRGINIA": "WV", "WISCONSIN": "WI", "WYOMING": "WY",
}

// militaryStates stand in a state's place in mail to the armed forces.
var militaryStates = []string{"AA", "AE", "AP"}

// statesByZIP lists the states in which ZIP codes begin with each digit (USPS Publication 65, National Five-Digit ZIP Code
// & Post Office Directory: the first digit is one of ten areas of the country). DC has 569.., Texas 885.., New York 005..
// and 063.. beside their own.
var statesByZIP = [10][]string{
	{"AE", "CT", "MA", "ME", "NH", "NJ", "NY", "PR", "RI", "VI", "VT"},
	{"DE", "NY", "PA"},
	{"DC", "MD", "NC", "SC", "VA", "WV"},
	{"AA", "AL", "FL", "GA", "MS", "TN"},
	{"IN", "KY", "MI", "OH"},
	{"DC", "IA", "MN", "MT", "ND", "SD", "WI"},
	{"IL", "KS", "MO", "NE"},
	{"AR", "LA", "OK", "TX"},
	{"AZ", "CO", "ID", "NM", "NV", "TX", "UT", "WY"},
	{"AK", "AP", "AS", "CA", "GU", "HI", "MP", "OR", "WA"},
}
