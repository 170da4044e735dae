package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsbudgets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// budgetDefault is in dollars a month: some five times what the example costs at 100,000 changes.
const budgetDefault = 150

// NewBudget tells when the stack has cost its monthly budget, in dollars, or is about to. Costs are told apart by the tag
// of the stack's name, which AWS counts by only once it was activated as a cost allocation tag, in the billing console of
// the account that pays; until then the budget sees nothing (docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/
// activating-tags.html, 2026).
func NewBudget(scope constructs.Construct, id string, dollars float64, alarms *Alarms) {
	scope = constructs.NewConstruct(scope, jsii.String(id))
	tell := func(kind string, percent float64) any {
		return &awsbudgets.CfnBudget_NotificationWithSubscribersProperty{
			Notification: &awsbudgets.CfnBudget_NotificationProperty{NotificationType: jsii.String(kind),
				ComparisonOperator: jsii.String("GREATER_THAN"),
				Threshold:          jsii.Number(percent), ThresholdType: jsii.String("PERCENTAGE")},
			Subscribers: []any{&awsbudgets.CfnBudget_SubscriberProperty{SubscriptionType: jsii.String("SNS"), Address: alarms.topic.TopicArn()}}}
	}
	budget := awsbudgets.NewCfnBudget(scope, jsii.String("Monthly"), &awsbudgets.CfnBudgetProps{
		Budget: &awsbudgets.CfnBudget_BudgetDataProperty{BudgetType: jsii.String("COST"), TimeUnit: jsii.String("MONTHLY"),
			BudgetLimit: &awsbudgets.CfnBudget_SpendProperty{Amount: jsii.Number(dollars), Unit: jsii.String("USD")},
			CostFilters: map[string]any{"TagKeyValue": []string{"user:" + tagStack + "$" + alarms.stack}}},
		NotificationsWithSubscribers: []any{tell("ACTUAL", 80), tell("FORECASTED", 100)}})
	// The topic must let the budget publish before it is given as an address.
	budget.Node().AddDependency(alarms.topic)
	output(scope, "CostTag", "Activate this cost allocation tag in the billing console, or the monthly budget sees no costs",
		jsii.String(tagStack))
}
