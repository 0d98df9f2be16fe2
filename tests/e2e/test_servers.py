"""The private servers of the test suite themselves."""

from __future__ import annotations

import sqlalchemy


def test_two_brokers_of_a_test_do_not_meet(mosquitto, nats):
    brokers = [mosquitto(), mosquitto(), nats(), nats()]
    assert len({broker.port for broker in brokers}) == 4


def test_a_restarted_broker_is_back_on_the_same_port(mosquitto, nats):
    for broker in (mosquitto(), nats()):
        before = broker.port, broker.pid
        broker.restart()
        assert broker.port == before[0]
        assert broker.pid != before[1]


def test_a_killed_broker_can_be_started_again(mosquitto, nats):
    for broker in (mosquitto(), nats()):
        broker.kill()
        broker.start()
        assert broker.accepts()


def test_each_postgres_database_is_new_and_empty(postgres):
    urls = [postgres(), postgres()]
    assert urls[0] != urls[1]
    for url in urls:
        engine = sqlalchemy.create_engine(url)
        assert sqlalchemy.inspect(engine).get_table_names() == []
        engine.dispose()
