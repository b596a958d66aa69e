"""Everything that speaks to Kafka: no other package of the product imports aiokafka."""
