package desk.intake;

import com.mongodb.WriteConcern;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.mongodb.autoconfigure.MongoClientSettingsBuilderCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.convert.converter.Converter;
import org.springframework.data.convert.ReadingConverter;
import org.springframework.data.convert.WritingConverter;
import org.springframework.data.mongodb.MongoDatabaseFactory;
import org.springframework.data.mongodb.core.convert.DefaultDbRefResolver;
import org.springframework.data.mongodb.core.convert.DefaultMongoTypeMapper;
import org.springframework.data.mongodb.core.convert.MappingMongoConverter;
import org.springframework.data.mongodb.core.convert.MongoCustomConversions;
import org.springframework.data.mongodb.core.mapping.MongoMappingContext;
import org.springframework.kafka.listener.CommonErrorHandler;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.util.backoff.ExponentialBackOff;

@Configuration(proxyBeanMethods = false)
class IntakeConfiguration {

    /** Writes are acknowledged by a majority, and journaled unless MONGO_JOURNAL is false. */
    @Bean
    MongoClientSettingsBuilderCustomizer majorityWrites(
            @Value("${intake.mongo-journal}") boolean journal) {
        WriteConcern majority = WriteConcern.MAJORITY;
        return settings ->
                settings.writeConcern(journal ? majority.withJournal(true) : majority);
    }

    @Bean
    MongoCustomConversions customConversions() {
        return new MongoCustomConversions(List.of(new InstantWriter(), new InstantReader()));
    }

    /** Without a type key: each collection holds documents of one class. */
    @Bean
    MappingMongoConverter mappingMongoConverter(
            MongoDatabaseFactory databases,
            MongoMappingContext context,
            MongoCustomConversions conversions) {
        var converter = new MappingMongoConverter(new DefaultDbRefResolver(databases), context);
        converter.setCustomConversions(conversions);
        converter.setTypeMapper(new DefaultMongoTypeMapper(null));
        return converter;
    }

    /**
     * Whatever fails in a listener is tried again until it succeeds, and nothing is committed
     * meanwhile: it is an outage, or another instance that opened the same inquiry first.
     */
    @Bean
    CommonErrorHandler tryAgain() {
        var pauses = new ExponentialBackOff(500, 2);
        pauses.setMaxInterval(15_000);
        return new DefaultErrorHandler(pauses);
    }

    @WritingConverter
    static class InstantWriter implements Converter<OffsetDateTime, String> {
        @Override
        public String convert(OffsetDateTime instant) {
            return DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(instant);
        }
    }

    @ReadingConverter
    static class InstantReader implements Converter<String, OffsetDateTime> {
        @Override
        public OffsetDateTime convert(String text) {
            return OffsetDateTime.parse(text);
        }
    }
}
