"""Reads topics of the Kafka brokers named: for each line "TOPIC COUNT" on standard input so many messages, a line each."""

import json
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

for line in sys.stdin:
    topic, count = line.split()
    consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "reader", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
    for _ in range(int(count)):
        message = consumer.poll(30)
        if message is None or message.error():
            sys.exit(f"no message: {message and message.error()}")
        print(
            json.dumps(
                {
                    "key": message.key().decode(),
                    "value": message.value().decode(),
                    "partition": message.partition(),
                    "headers": {name: value.decode() for name, value in message.headers()},
                }
            ),
            flush=True,
        )
    consumer.close()
