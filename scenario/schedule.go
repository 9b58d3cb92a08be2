package scenario

// NameScheduledAt is the name by which the expressions of a schedule read the time for which it fires.
const NameScheduledAt = "scheduledAt"
