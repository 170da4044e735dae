package mapping_test

import (
	"testing"

	"github.com/fluxcascade/fluxcascade/shared/rules/mapping"
)

func TestPhoneNumbers(t *testing.T) {
	e164, national := args("phone_e164"), args("phone_national")
	checkRows(t, []row{
		{"marks", e164, "(312) 555-0123", "+13125550123", ""},
		{"dots", e164, "312.555.0123", "+13125550123", ""},
		{"bare digits", e164, "3125550123", "+13125550123", ""},
		{"with the country's one", e164, "1-312-555-0123", "+13125550123", ""},
		{"another country", e164, "+44 20 7946 0958", "+442079460958", ""},
		{"white space around", e164, " +1 312 555 0123\t", "+13125550123", ""},
		{"a rule's country", args("phone_e164", "country", "GB"), "020 7946 0958", "+442079460958", ""},
		{"a rule's country in small letters", args("phone_e164", "country", "gb"), "020 7946 0958", "+442079460958", ""},
		{"no area code", e164, " 2859902 ", "2859902", ""},
		{"no area code, parked", args("phone_e164", "on_invalid", "park"), "2859902", "", mapping.ForPerson},
		{"no area code, blanked", args("phone_e164", "on_invalid", "blank"), "2859902", "", ""},
		{"zeros", e164, "000-000-0000", "000-000-0000", ""},
		{"words say nothing", e164, "ask Bob", "", mapping.Unreadable},
		{"words, blanked by the rule", args("phone_e164", "on_invalid", "blank"), "ask Bob", "", ""},
		{"words before", e164, "Bob 312 555 0123", "", mapping.Unreadable},
		{"words after", e164, "312 555 0123 (Bob)", "", mapping.Unreadable},
		{"two numbers", e164, "312-555-0123/312-555-0124", "312-555-0123/312-555-0124", ""},
		{"white space alone", e164, "  ", "", ""},
		{"an extension", e164, "312.555.0123 x4", "312.555.0123 x4", ""},
		{"an extension is not invalid", args("phone_e164", "on_invalid", "park"), "312.555.0123 x4", "312.555.0123 x4", ""},
		{"an extension dropped", args("phone_e164", "extension", "drop"), "312.555.0123 x4", "+13125550123", ""},

		{"from E.164", national, "+13125550123", "(312) 555-0123", ""},
		{"another country keeps its code", national, "+442079460958", "+44 20 7946 0958", ""},
		{"its own country", args("phone_national", "country", "GB"), "+442079460958", "020 7946 0958", ""},
		{"no area code", national, "2859902", "2859902", ""},
		{"an extension", national, "312.555.0123 x4", "312.555.0123 x4", ""},

		{"marks", args("phone_digits"), "+1 (312) 555-0123", "13125550123", ""},
		{"an extension", args("phone_digits"), "312.555.0123 x4", "31255501234", ""},
		{"another script", args("phone_digits"), "٣١٢", "312", ""},
		{"no digits", args("phone_digits"), "none", "", mapping.Emptied},
	})
}

func TestDates(t *testing.T) {
	iso, us, moment, unix := args("date_iso"), args("date_us"), args("datetime_iso"), args("timestamp_unix")
	checkRows(t, []row{
		{"as it is", iso, "2024-01-31", "2024-01-31", ""},
		{"from the US", iso, "1/31/2024", "2024-01-31", ""},
		{"in words", iso, "Jan 31, 2024", "2024-01-31", ""},
		{"the day as written, not as in UTC", iso, "2024-01-31T23:30:00-06:00", "2024-01-31", ""},
		{"milliseconds", iso, "1706659200000", "2024-01-31", ""},
		{"a leap day", iso, "2/29/2024", "2024-02-29", ""},
		{"no leap day", iso, "2/29/2023", "", mapping.Unreadable},
		{"day before month", iso, "31/01/2024", "", mapping.Unreadable},
		{"two digits of a year", iso, "1/31/24", "", mapping.Unreadable},
		{"digits that could be anything", iso, "20240131", "", mapping.Unreadable},
		{"words", iso, "soon", "", mapping.Unreadable},
		{"year 0", iso, "0000-01-01", "", mapping.Unreadable},
		{"white space alone", iso, " ", "", ""},

		{"the day that a moment is in a zone", args("date_iso", "zone", "America/Chicago"), "2024-05-01T03:59:59Z", "2024-04-30", ""},
		{"the day's first second there", args("date_iso", "zone", "America/Chicago"), "2024-05-01T05:00:00Z", "2024-05-01", ""},
		{"milliseconds in a zone", args("date_iso", "zone", "America/Phoenix"), "1706659200000", "2024-01-30", ""},
		{"a day has no zone", args("date_iso", "zone", "America/Phoenix"), "2024-05-01", "2024-05-01", ""},
		{"a clock without an offset has its own day", args("date_iso", "zone", "Asia/Tokyo"), "2024-05-01 23:59", "2024-05-01", ""},
		{"an offset and a zone", args("date_iso", "zone", "Europe/Berlin"), "2024-01-31T23:30:00-06:00", "2024-02-01", ""},
		{"no such zone", args("date_iso", "zone", "Mars/Base"), "2024-05-01", "", mapping.BrokenRule},
		{"day first", args("date_iso", "order", "day_first"), "1/2/2024", "2024-02-01", ""},
		{"day first with dots", args("date_iso", "order", "day_first"), "31.1.2024", "2024-01-31", ""},
		{"day first where there is no such month", args("date_iso", "order", "day_first"), "1/31/2024", "", mapping.Unreadable},
		{"month first", iso, "12/1/2026", "2026-12-01", ""},
		{"another month first", iso, "1/21/2026", "2026-01-21", ""},
		{"in day first order", args("date_eu"), "2024-01-31", "31/01/2024", ""},
		{"read in day first order", args("date_eu"), "1/2/2024", "01/02/2024", ""},

		{"a clock in a zone", args("datetime_iso", "zone", "America/Phoenix"), "2024-01-31 15:04", "2024-01-31T22:04:00Z", ""},
		{"a day in a zone", args("datetime_iso", "zone", "America/Chicago"), "2024-05-01", "2024-05-01T05:00:00Z", ""},
		{"a day whose midnight is skipped", args("datetime_iso", "zone", "America/Sao_Paulo"), "2018-11-04", "2018-11-04T03:00:00Z", ""},

		{"from ISO", us, "2024-01-31", "01/31/2024", ""},
		{"short", us, "1/5/2024", "01/05/2024", ""},

		{"to UTC", moment, "2024-01-31T23:30:00-06:00", "2024-02-01T05:30:00Z", ""},
		{"a zone without colon", moment, "2024-01-31T23:30:00-0600", "2024-02-01T05:30:00Z", ""},
		{"milliseconds", moment, "1706713445123", "2024-01-31T15:04:05Z", ""},
		{"a fraction", moment, "2024-01-31T15:04:05.999Z", "2024-01-31T15:04:05Z", ""},
		{"a day", moment, "2024-01-31", "2024-01-31T00:00:00Z", ""},
		{"no zone", moment, "2024-01-31 15:04:05", "2024-01-31T15:04:05Z", ""},
		{"seconds", moment, "1706713445", "2024-01-31T15:04:05Z", ""},
		{"few seconds, told", args("datetime_iso", "epoch", "seconds"), "86400", "1970-01-02T00:00:00Z", ""},
		{"few milliseconds, told", args("datetime_iso", "epoch", "milliseconds"), "86400000", "1970-01-02T00:00:00Z", ""},
		{"before 1970", moment, "-315619200000", "1960-01-01T00:00:00Z", ""},
		{"past year 9999 in UTC", moment, "9999-12-31T23:00:00-05:00", "", mapping.Unreadable},
		{"beyond any year", moment, "9223372036854775807", "", mapping.Unreadable},

		{"a moment", unix, "2024-01-31T15:04:05Z", "1706713445", ""},
		{"a day", unix, "1970-01-02", "86400", ""},
		{"milliseconds", unix, "1706713445123", "1706713445", ""},
	})
}

func TestNumbers(t *testing.T) {
	number, truth := args("decimal"), args("bool")
	checkRows(t, []row{
		{"needless zeros", number, "1500.00", "1500", ""},
		{"thousands", number, "1,500.5", "1500.5", ""},
		{"millions", number, "1,234,567", "1234567", ""},
		{"dollars", number, " $1,500.50 ", "1500.5", ""},
		{"negative", number, "-0.50", "-0.5", ""},
		{"negative zero", number, "-0.00", "0", ""},
		{"leading zeros", number, "007", "7", ""},
		{"no whole part", number, ".5", "0.5", ""},
		{"no fraction", number, "5.", "5", ""},
		{"an exponent", number, "1.5e3", "1500", ""},
		{"more digits than a float has", number, "12345678901234567890.123456789", "12345678901234567890.123456789", ""},
		{"cents", args("decimal", "currency", "USD"), "12.340", "12.34", ""},
		{"less than a cent", args("decimal", "currency", "USD"), "12.345", "", mapping.Unreadable},
		{"less than a yen", args("decimal", "currency", "JPY"), "12.5", "", mapping.Unreadable},
		{"yen with zeros", args("decimal", "currency", "JPY"), "1,200.00", "1200", ""},
		{"thousandths of a dinar", args("decimal", "currency", "KWD"), "-1.125", "-1.125", ""},
		{"no currency", args("decimal", "currency", "dollars"), "1", "", mapping.BrokenRule},
		{"a comma for a point", number, "1,50", "", mapping.Unreadable},
		{"a point for a comma", number, "1.500,5", "", mapping.Unreadable},
		{"words", number, "many", "", mapping.Unreadable},
		{"a point alone", number, ".", "", mapping.Unreadable},
		{"a sign alone", number, "-", "", mapping.Unreadable},
		{"not a number", number, "NaN", "", mapping.Unreadable},
		{"a huge exponent", number, "1e999", "", mapping.Unreadable},
		{"white space alone", number, " ", "", ""},

		{"yes", truth, "yes", "true", ""},
		{"no", truth, "No", "false", ""},
		{"one", truth, "1", "true", ""},
		{"zero", truth, "0", "false", ""},
		{"capitals", truth, " TRUE ", "true", ""},
		{"off", truth, "off", "false", ""},
		{"another word", truth, "maybe", "", mapping.Unreadable},
		{"two", truth, "2", "", mapping.Unreadable},
		{"white space alone", truth, " ", "", ""},
	})
}
