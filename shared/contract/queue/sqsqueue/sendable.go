package sqsqueue

import "strings"

// escapes replaces the two characters of valid text that SQS refuses, U+FFFE and U+FFFF, by their JSON escapes. Our
// bodies are JSON, where the two mean the same; without this, one such character in a customer's name would stop the
// page that it is on for good. Source: docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
// API_SendMessage.html, MessageBody.
var escapes = strings.NewReplacer("\uFFFE", `\ufffe`, "\uFFFF", `\uffff`)

func sendable(body []byte) string { return escapes.Replace(string(body)) }
